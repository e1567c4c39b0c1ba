"""The files of a model: an ONNX file may keep tensors in other files of its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import onnx
from google.protobuf.message import DecodeError
from onnx.external_data_helper import uses_external_data

from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of
from crnn_deploy.onnx_graph.wiring import nested


def model_files(path: Path) -> tuple[Path, ...]:
    """The model file and, if it is ONNX, the files with its external data.

    Raises:
        InputError: if the ONNX file is broken, or external data is missing.
    """
    if path.suffix != ".onnx":
        return (path,)
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as .onnx: {error}.", fix="Fetch or make the file again.") from None
    return (path, *external_files(model, path))


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


def external_files(model: onnx.ModelProto, path: Path) -> tuple[Path, ...]:
    """The files with external data of the model at `path`, each once, in the order of their names.

    Raises:
        InputError: if one of them is missing, or lies outside the folder of the model.
    """
    files = []
    for location in sorted({_location(tensor) for tensor in _tensors(model) if uses_external_data(tensor)}):
        relative = PurePosixPath(location.replace("\\", "/"))
        if not location or relative.is_absolute() or ".." in relative.parts or ":" in location:
            raise InputError(
                f"{path} refers to {location or 'a file without a name'} for its weights, outside its own folder.",
                fix="Save the model with its external data beside it.",
            )
        file = path.parent / relative
        if not file.is_file():
            raise InputError(
                f"{file} is missing.", f"{path} keeps its weights in it.", "Copy it to the folder of the model."
            )
        files.append(file)
    return tuple(files)


def _location(tensor: onnx.TensorProto) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    for body in (model.graph, *model.functions):
        for part in nested(body):
            yield from getattr(part, "initializer", ())  # a function has none
            for attribute in (attribute for node in part.node for attribute in node.attribute):
                yield from (attribute.t, *attribute.tensors)
