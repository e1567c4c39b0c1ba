"""What is known of a compiled plugin; a JSON file of it lies beside the library."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crnn_deploy.files import sha256_of, write_text

LIBRARY_NAME = "libcrnn_deploy_trt.so"
RECORD_NAME = "plugin.json"


@dataclass(frozen=True)
class KernelResources:
    """What one kernel takes on GPUs of one architecture.

    Attributes:
        spilled_bytes: per thread, stored to and loaded from memory because the registers don't suffice.
        shared_bytes: of a block, without what is asked for at the launch.
    """

    kernel: str
    architecture: str
    registers: int
    spilled_bytes: int
    shared_bytes: int


@dataclass(frozen=True)
class BuiltPlugin:
    """A compiled plugin library.

    Attributes:
        nvcc: version of the compiler.
        architectures: those with machine code, such as `sm89`; newer ones compile the intermediate code of the last.
        seconds: what compiling took.
        from_cache: whether it was there already.
    """

    path: Path
    sha256: str
    bytes: int
    sources_sha256: str
    nvcc: str
    architectures: tuple[str, ...]
    seconds: float
    resources: tuple[KernelResources, ...]
    from_cache: bool

    def facts(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return {**asdict(self), "path": str(self.path)}


def write_build(built: BuiltPlugin) -> None:
    """Write the record beside the library. It comes last: a library without one is not finished."""
    kept = {name: value for name, value in built.facts().items() if name not in ("path", "from_cache")}
    text = json.dumps(kept, indent=2)
    write_text(built.path.with_name(RECORD_NAME), text + "\n")


def read_build(folder: Path) -> BuiltPlugin | None:
    """The plugin in a folder of the cache; None if there is none, or if it is damaged."""
    path = folder / LIBRARY_NAME
    try:
        stored = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
        stored["architectures"] = tuple(stored["architectures"])
        stored["resources"] = tuple(KernelResources(**each) for each in stored["resources"])
        built = BuiltPlugin(path=path, from_cache=True, **stored)
        return built if sha256_of(path) == built.sha256 else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
