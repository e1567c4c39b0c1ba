"""Reads PyTorch's files without running anything that they contain.

A `.pth` file is a pickle, and a pickle is a program. `torch.load(weights_only=True)` interprets only the operations
that build tensors and plain values. Every other class or function that a file names is replaced with a stand-in.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from crnn_deploy.checkpoints.pytorch.foreign import StandIn, stand_in, would_run
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_EXPANSION, MAX_FOREIGN, SMALL_EXPANSION

_ZIP_START = b"PK\x03\x04"
_PICKLE_START = b"\x80"
_SCRIPT_MARK = "constants.pkl"


def load_pickled(path: Path) -> Any:
    """What a PyTorch file holds: tensors, plain values, and `Foreign` objects in place of all others.

    Of a TorchScript archive these are the modules with their attributes; its code is left out.

    Raises:
        InputError: if the file is empty, truncated, of another kind, or was made to run something.
    """
    archive = _checked_kind(path)
    stand_ins: dict[str, StandIn] = {}
    while True:
        try:
            return _load(archive or path, stand_ins.values())
        except pickle.UnpicklingError as error:
            _add_stand_ins(stand_ins, str(error), path)
        except Exception as error:  # a damaged file raises EOFError, RuntimeError, KeyError and others
            raise damaged(path, error) from None


def _load(file: Path | io.BytesIO, stand_ins: Iterable[StandIn]) -> Any:
    if isinstance(file, io.BytesIO):
        file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's warnings on unusual pickles say less than the errors below
        with torch.serialization.safe_globals(list(stand_ins)):
            return torch.load(file, map_location="cpu", weights_only=True)


def _add_stand_ins(stand_ins: dict[str, StandIn], reason: str, path: Path) -> None:
    """Add stand-ins for what PyTorch refused to load. Raises `InputError` if that is not why it failed."""
    named = re.findall(r"GLOBAL ([\w.]+)", reason) or [name for name in _globals(path) if name not in stand_ins]
    named = [name if "." in name else f"builtins.{name}" for name in named]  # PyTorch leaves that module out
    if running := named if "is blocked" in reason else [name for name in named if would_run(name)]:
        raise InputError(
            f"{path} would execute code: it asks Python for {', '.join(running[:5])}. It was not executed.",
            "Weights need no such functions.",
            "If you trust it, load it where it was made and save its weights: torch.save(model.state_dict(), PATH).",
        )
    if "Unsupported operand" in reason:
        raise InputError(
            f"{path} is written in a form of pickle that crnn-deploy does not interpret.",
            "torch.save was called with pickle_protocol above 2, or it is no checkpoint.",
            "Where you made it, save it as PyTorch does by default: torch.save(model.state_dict(), PATH).",
        )
    new = {name: stand_in(name) for name in named if name not in stand_ins}
    if not new or "GLOBAL" not in reason:
        raise damaged(path, reason.splitlines()[-1])
    stand_ins.update(new)
    if len(stand_ins) > MAX_FOREIGN:
        raise InputError(
            f"{path} holds objects of more than {MAX_FOREIGN} classes, such as {', '.join(named[:3])}.",
            "It is more than weights.",
            "Where it was made, save the weights: torch.save(model.state_dict(), PATH).",
        )


def _checked_kind(path: Path) -> io.BytesIO | None:
    """A TorchScript archive without its code; None of other files. Raises `InputError` if it is no PyTorch file."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if start == _ZIP_START:
        return _checked_archive(path)
    if not start.startswith(_PICKLE_START):
        raise _not_a_checkpoint(path)
    return None


def _checked_archive(path: Path) -> io.BytesIO | None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.partition("/")[2] for name in archive.namelist()}
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > MAX_EXPANSION * path.stat().st_size + SMALL_EXPANSION:
                raise InputError(
                    f"{path} claims to unpack to {unpacked:,} bytes, and has {path.stat().st_size:,}.",
                    "PyTorch does not compress checkpoints, and weights can hardly be compressed.",
                    "Save it again: torch.save(model.state_dict(), PATH).",
                )
            if "data.pkl" not in members:
                raise _not_a_checkpoint(path)
            return _without_code(archive) if _SCRIPT_MARK in members else None
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:  # of damaged directories
        raise damaged(path, error) from None


def _without_code(archive: zipfile.ZipFile) -> io.BytesIO:
    """A copy of a TorchScript archive that PyTorch takes for a checkpoint: its modules and tensors alone."""
    copied = io.BytesIO()
    with zipfile.ZipFile(copied, "w") as copy:
        for name in archive.namelist():
            inner = name.partition("/")[2]
            if inner == "data.pkl" or inner.startswith("data/") or inner in ("version", "byteorder", ".format_version"):
                copy.writestr(name, archive.read(name))
    return copied


def _globals(path: Path) -> list[str]:
    """Imports of a pickle without an archive, read from its opcodes without running them."""
    imports, strings = [], ["", ""]
    try:
        with path.open("rb") as file:
            for opcode, argument, _ in pickletools.genops(file):
                if opcode.name == "GLOBAL":
                    imports.append(str(argument).replace(" ", "."))
                elif opcode.name == "STACK_GLOBAL":
                    imports.append(".".join(strings[-2:]))
                elif isinstance(argument, str):
                    strings.append(argument)
    except ValueError:  # the pickle is truncated: the imports up to there count
        pass
    return imports


def damaged(path: Path, reason: object) -> InputError:
    """The refusal of a file that is cut short or spoilt."""
    return InputError(
        f"{path} is not a complete PyTorch checkpoint: {reason}.",
        "It is truncated or damaged; a download or copy was probably interrupted.",
        "Fetch the file again and compare its size or checksum.",
    )


def _not_a_checkpoint(path: Path) -> InputError:
    return InputError(
        f"{path} is not a PyTorch checkpoint.",
        "It is neither a PyTorch archive nor a pickle; perhaps it is a web page or a Git LFS pointer under this name.",
        "Give a state dict (.pth, .pt, .safetensors) or an ONNX model (.onnx).",
    )
