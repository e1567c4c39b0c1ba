"""The record of a compiled plugin, which is stored as a JSON file beside the library."""

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
    """What one kernel needs on GPUs of one architecture.

    Attributes:
        spilled_bytes: bytes for each thread that are stored to and loaded from memory for lack of registers.
        shared_bytes: static shared memory of a block, without what is requested when it is launched.
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
        architectures: those with machine code, such as `sm89`. Newer GPUs compile the intermediate code of the last.
        seconds: time that the compiler took.
        from_cache: whether the library was already in the cache.
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
        """All fields as JSON values."""
        return {**asdict(self), "path": str(self.path)}


def write_build(built: BuiltPlugin) -> None:
    """Write the record beside the library, as the last step: a library without a record counts as unfinished."""
    stored = {name: value for name, value in built.facts().items() if name not in ("path", "from_cache")}
    text = json.dumps(stored, indent=2)
    write_text(built.path.with_name(RECORD_NAME), text + "\n")


def read_build(folder: Path) -> BuiltPlugin | None:
    """The plugin in a folder of the cache. None if there is none, or if it is damaged."""
    path = folder / LIBRARY_NAME
    try:
        stored = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
        stored["architectures"] = tuple(stored["architectures"])
        stored["resources"] = tuple(KernelResources(**each) for each in stored["resources"])
        built = BuiltPlugin(path=path, from_cache=True, **stored)
        return built if sha256_of(path) == built.sha256 else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
