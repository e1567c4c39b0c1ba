"""The files of a model: an ONNX file may keep tensors in other files of its folder."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

import onnx
from google.protobuf.message import DecodeError
from onnx.external_data_helper import uses_external_data

from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of
from crnn_deploy.limits import MAX_ONNX
from crnn_deploy.onnx_graph.tensors import claimed_bytes, stored_tensors

_NUMBER = r"[0-9]{1,18}"


def model_files(path: Path) -> tuple[Path, ...]:
    """The model file and, if it is ONNX, the files with its external data.

    Raises:
        InputError: if the ONNX file is broken, or external data is missing.
    """
    if path.suffix != ".onnx":
        return (path,)
    return (path, *external_files(parse(path), path))


def model_sha256(path: Path) -> str:
    """Hex SHA-256 of a model file; with external data, of the hashes and names of all its files.

    Raises:
        InputError: if the ONNX file is broken, or external data is missing.
    """
    model, *data = model_files(path)
    if not data:
        return sha256_of(model)
    lines = [f"{sha256_of(file)}  {file.relative_to(path.parent).as_posix()}\n" for file in data]
    return hashlib.sha256("".join([sha256_of(model), *lines]).encode()).hexdigest()


def parse(path: Path) -> onnx.ModelProto:
    """Parse an ONNX file, without its external data.

    Raises:
        InputError: if it is too large or no ONNX.
    """
    try:
        if path.stat().st_size > MAX_ONNX:
            raise InputError(
                f"{path} has {path.stat().st_size:,} bytes, and an ONNX file has at most {MAX_ONNX:,}.",
                "It is something else, or it is damaged.",
                "Keep large weights in external data.",
            )
        return onnx.load(path, load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read as .onnx: {error}.",
            "The file is truncated or is something else under this name.",
            "Fetch or make the file again.",
        ) from None


def external_files(model: onnx.ModelProto, path: Path) -> tuple[Path, ...]:
    """The files with external data of the model at `path`, each once, in the order of their names.

    Raises:
        InputError: if one of them is missing, is no file, lies outside the folder of the model or is shorter than the
            model says.
    """
    files: dict[str, Path] = {}
    for tensor in stored_tensors(model):
        if uses_external_data(tensor):
            entries = {entry.key: entry.value for entry in tensor.external_data}
            if not all(isinstance(text, str) for pair in entries.items() for text in pair):  # bytes: it is no UTF-8
                raise InputError(f"{path} names the file of its weights in another encoding.", fix="Save it again.")
            location = entries.get("location", "")
            if location not in files:
                files[location] = _file_at(location, path)
            _check_range(tensor, entries, files[location])
    return tuple(files[location] for location in sorted(files))


def _file_at(location: str, path: Path) -> Path:
    """The file that a location names, which must be beside the model or below."""
    relative = PurePosixPath(location.replace("\\", "/"))
    outside = not location or relative.is_absolute() or ".." in relative.parts or ":" in location or "\0" in location
    file = path if outside else path.parent / relative
    if outside or not _within(file, path.parent):
        raise InputError(
            f"{path} refers to {location or 'a file without a name'} for its weights, outside its own folder.",
            "A model may read no other files of this machine. Links to files elsewhere count as these files.",
            "Save the model with its external data beside it.",
        )
    if not file.exists():
        raise InputError(
            f"{file} is missing.", f"{path} keeps its weights in it.", "Copy it to the folder of the model."
        )
    if not file.is_file():
        raise InputError(f"{file} is no file.", f"{path} keeps its weights in it.", "Copy the right file there.")
    return file


def _within(file: Path, folder: Path) -> bool:
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # links that point to each other
        return False


def _check_range(tensor: onnx.TensorProto, entries: dict[str, str], file: Path) -> None:
    """Raise `InputError` unless the file holds what the tensor claims."""
    claimed = claimed_bytes(tensor)
    offset, length = entries.get("offset", "0"), entries.get("length", str(claimed))
    numbers = [int(text) if re.fullmatch(_NUMBER, text) else -1 for text in (offset, length)]
    size = file.stat().st_size
    if min(numbers) < 0 or numbers[1] != claimed or sum(numbers) > size:
        raise InputError(
            f"The weights {tensor.name} are not in {file}.",
            f"The model says that they are {claimed:,} bytes: offset {offset[:20]}, length {length[:20]}. "
            f"The file has {size:,}.",
            "The file is cut, or belongs to another model: copy both files again.",
        )
