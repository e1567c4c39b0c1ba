"""What is known of a compiled plugin; a JSON file of it lies beside the library."""

from __future__ import annotations

import json
from pathlib import Path

from crnn_deploy.files import sha256_of, write_text
from crnn_deploy.spec import Frozen

LIBRARY_NAME = "libcrnn_deploy_trt.so"
RECORD_NAME = "plugin.json"


class KernelResources(Frozen):
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


class BuiltPlugin(Frozen):
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


def write_build(built: BuiltPlugin) -> None:
    """Write the record beside the library. It comes last: a library without one is not finished."""
    text = built.model_dump_json(exclude={"path", "from_cache"}, indent=2)
    write_text(built.path.with_name(RECORD_NAME), text + "\n")


def read_build(folder: Path) -> BuiltPlugin | None:
    """The plugin in a folder of the cache; None if there is none, or if it is damaged."""
    path = folder / LIBRARY_NAME
    try:
        stored = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
        built = BuiltPlugin.model_validate({**stored, "path": path, "from_cache": True})
        return built if sha256_of(path) == built.sha256 else None
    except (OSError, ValueError, TypeError):
        return None
