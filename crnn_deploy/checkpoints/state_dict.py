"""Reads third-party state dicts without running anything that they contain.

A `.pth` file is a pickle, and a pickle is a program. `torch.load(weights_only=True)` interprets only the operations
that build tensors and plain values. Everything else that a file asks for is not executed, and is named in the error.
"""

from __future__ import annotations

import pickle
import pickletools
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crnn_deploy.artifact import read_safetensors
from crnn_deploy.checkpoints.harmless import is_harmless, stand_ins
from crnn_deploy.errors import InputError
from crnn_deploy.files import require_file
from crnn_deploy.limits import MAX_EXPANSION, SMALL_EXPANSION
from crnn_deploy.models.weights import check_tensors

_CONTAINERS = ("state_dict", "model_state_dict", "model", "net", "network", "student")
_WRAPPERS = ("module.", "_orig_mod.")  # prefixes from DataParallel and torch.compile
_MOST_PREFIXES = 8
_ZIP_START = b"PK\x03\x04"
_PICKLE_START = b"\x80"


@dataclass(frozen=True)
class StateDict:
    """Weights by name, and the plain values that were stored beside them, such as a charset or a step count."""

    tensors: dict[str, Tensor]
    extras: dict[str, Any]


def read_state_dict(path: Path) -> StateDict:
    """Read a PyTorch checkpoint or a `.safetensors` file; containers and wrapper prefixes are removed.

    Raises:
        InputError: if the file is missing, empty, truncated, of another kind, a TorchScript archive, holds no weights,
            or would execute code.
    """
    require_file(path)
    state = StateDict(read_safetensors(path), {}) if path.suffix == ".safetensors" else _unwrap(_load(path), path)
    if not state.tensors:
        raise InputError(
            f"{path} holds no weights.", "No tensors were found in it.", "Save a state dict: model.state_dict()."
        )
    if forged := [name for name in state.tensors if not name.isprintable()]:
        raise InputError(f"A tensor in {path} has a name that cannot be printed: {forged[0][:80]!r}.")
    check_tensors(state.tensors, str(path))
    return StateDict(_without_wrappers(state.tensors), state.extras)


def shortened_names(tensors: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """The tensors, then without the first part that all names share, such as the `model.` of Lightning, and so on."""
    yield tensors
    for _ in range(_MOST_PREFIXES):
        if len({name.partition(".")[0] for name in tensors}) > 1 or not all("." in name for name in tensors):
            return
        tensors = {name.partition(".")[2]: tensor for name, tensor in tensors.items()}
        yield tensors


def _load(path: Path) -> Any:
    _check_kind(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's warnings on unusual pickles say less than the errors below
            with torch.serialization.safe_globals(stand_ins()):
                return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refused(path, str(error)) from None
    except Exception as error:  # a damaged file raises EOFError, RuntimeError, KeyError and others
        raise _damaged(path, error) from None


def _check_kind(path: Path) -> None:
    """Recognise kinds of files that PyTorch's own reader confuses."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if start == _ZIP_START:
        _check_archive(path)
    elif not start.startswith(_PICKLE_START):
        raise _not_a_checkpoint(path)


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.partition("/")[2] for name in archive.namelist()}
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:  # of damaged directories
        raise _damaged(path, error) from None
    if unpacked > MAX_EXPANSION * path.stat().st_size + SMALL_EXPANSION:
        raise InputError(
            f"{path} claims to unpack to {unpacked:,} bytes, and has {path.stat().st_size:,}.",
            "PyTorch does not compress checkpoints, and weights can hardly be compressed.",
            "Save it again: torch.save(model.state_dict(), PATH).",
        )
    if "constants.pkl" in members:
        raise InputError(
            f"{path} is a TorchScript archive.",
            "It holds compiled code beside the weights, and crnn-deploy loads only weights.",
            "Where you made it, save the weights: torch.save(model.state_dict(), 'weights.pth').",
        )
    if "data.pkl" not in members:
        raise _not_a_checkpoint(path)


def _unwrap(loaded: Any, path: Path) -> StateDict:
    """The state dict inside of containers; other plain values of a container become `extras`.

    Raises:
        InputError: if several entries of a container hold tensors, and none has a usual name.
    """
    extras: dict[str, Any] = {}
    seen: set[int] = set()
    while isinstance(loaded, Mapping) and id(loaded) not in seen:  # a container may hold itself
        seen.add(id(loaded))
        extras = {**extras, **_plain(loaded)}
        tensors = {str(key): value for key, value in loaded.items() if isinstance(value, Tensor)}
        usual = [key for key in _CONTAINERS if isinstance(loaded.get(key), Mapping)]
        holding = [key for key, value in loaded.items() if _holds_tensors(value)]
        if tensors and not usual:
            return StateDict(tensors, extras)
        if not usual and len(holding) > 1:
            raise InputError(
                f"{path} holds several sets of weights: {', '.join(map(str, holding[:5]))}.",
                "It is not known which of them is the model's.",
                f"Save one of them alone: torch.save(checkpoint[{holding[0]!r}], 'weights.pth').",
            )
        loaded = loaded[(usual or holding)[0]] if usual or holding else None
    return StateDict({}, extras)


def _holds_tensors(value: Any) -> bool:
    """Whether a value is a mapping of names to tensors, or one of these lies in it under a name."""
    return isinstance(value, Mapping) and any(
        isinstance(key, str)
        and (isinstance(inner, Tensor) or (isinstance(inner, Mapping) and any(map(_is_tensor, inner.values()))))
        for key, inner in value.items()
    )


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


_PLAIN = (str, int, float, list, tuple)


def _plain(loaded: Mapping[Any, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {str(key): value for key, value in loaded.items() if isinstance(value, _PLAIN)}
    meta = loaded.get("meta")  # where frameworks such as mmcv say which of their versions wrote the file
    if isinstance(meta, Mapping):
        plain["meta"] = {str(key): value for key, value in meta.items() if isinstance(value, _PLAIN)}
    return plain


def _without_wrappers(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for _ in range(_MOST_PREFIXES):
        prefix = next((p for p in _WRAPPERS if all(name.startswith(p) for name in tensors)), "")
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors


def _refused(path: Path, reason: str) -> InputError:
    imports = re.findall(r"GLOBAL ([\w.]+)", reason) or [name for name in _globals(path) if not is_harmless(name)]
    if imports:
        return InputError(
            f"{path} would execute code: it asks Python for {', '.join(imports[:5])}. It was not executed.",
            "It holds objects of Python classes, with weights or instead of them; building these would run their code.",
            "If you trust it, load it where it was made and save its weights: torch.save(model.state_dict(), PATH).",
        )
    if "Unsupported operand" in reason:
        return InputError(
            f"{path} is written in a form of pickle that crnn-deploy does not interpret.",
            "torch.save was called with pickle_protocol above 2, or it is no checkpoint.",
            "Where you made it, save it as PyTorch does by default: torch.save(model.state_dict(), PATH).",
        )
    return _damaged(path, reason.splitlines()[-1])


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


def _damaged(path: Path, reason: object) -> InputError:
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
