"""The mini-host's library, and the structures of TensorRT's C++ interface as Python sees them."""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crnn_deploy.errors import InputError
from crnn_deploy.files import cache_folder, replacing
from crnn_deploy.native.plugin.sources import HOST

# TensorRT's numbers for what the plugin knows.
FLOAT, HALF, INT8, INT32 = range(4)
LINEAR, CHW2 = range(2)
BUILD, RUNTIME = range(2)
FIELD_TYPES = {"INT32": 5, "CHAR": 6, "FLOAT32": 1, "INT64": 10}


class Tensor(NamedTuple):
    """A tensor as TensorRT describes it: a size of -1 is not known yet."""

    shape: tuple[int, ...]
    type: int = FLOAT
    format: int = LINEAR


class Field(NamedTuple):
    """An attribute of the node as the ONNX parser hands it over. `length` counts elements."""

    name: str
    type: str
    data: bytes | None
    length: int


class Dims(ctypes.Structure):
    _fields_ = (("rank", ctypes.c_int32), ("sizes", ctypes.c_int64 * 8))


class Description(ctypes.Structure):
    _fields_ = (
        ("dims", Dims),
        ("type", ctypes.c_int32),
        ("format", ctypes.c_int32),
        ("scale", ctypes.c_float),
    )


class _Field(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("type", ctypes.c_int32),
        ("length", ctypes.c_int32),
    )


class FieldCollection(ctypes.Structure):
    _fields_ = (("count", ctypes.c_int32), ("fields", ctypes.POINTER(_Field)))
    kept: tuple[list[bytes], list[Any]]  # what the fields point to

    @classmethod
    def of(cls, fields: Sequence[Field]) -> FieldCollection:
        names = [field.name.encode() for field in fields]
        data = [ctypes.create_string_buffer(field.data, len(field.data)) if field.data else None for field in fields]
        made = [
            _Field(name, content and ctypes.addressof(content), FIELD_TYPES[field.type], field.length)
            for name, content, field in zip(names, data, fields, strict=True)
        ]
        collection = cls(len(fields), (_Field * len(fields))(*made))
        collection.kept = (names, data)
        return collection


_POINTER, _NUMBER = ctypes.c_void_p, ctypes.c_int
_COLLECTION = ctypes.POINTER(FieldCollection)
# What host.cc exports: names, results and arguments.
_FUNCTIONS: tuple[tuple[str, Any, tuple[Any, ...]], ...] = (
    ("open", _POINTER, (ctypes.c_char_p, _POINTER)),
    ("creator_names", None, (_POINTER, _POINTER)),
    ("creator_fields", _COLLECTION, (_POINTER,)),
    ("create", _POINTER, (_POINTER, _POINTER, _NUMBER)),
    ("clone", _POINTER, (_POINTER,)),
    ("attach", _POINTER, (_POINTER,)),
    ("destroy", None, (_POINTER,)),
    ("plugin_names", None, (_POINTER, _POINTER)),
    ("has_capability", _NUMBER, (_POINTER, _NUMBER)),
    ("supports", _NUMBER, (_POINTER, _NUMBER, _POINTER, _NUMBER, _NUMBER)),
    ("output_type", _NUMBER, (_POINTER, _POINTER, _NUMBER, _NUMBER, _POINTER)),
    ("output_shape", _NUMBER, (_POINTER, _POINTER, _NUMBER, _NUMBER, _POINTER)),
    ("configure", _NUMBER, (_POINTER, _POINTER, _NUMBER, _NUMBER)),
    ("serialize", _COLLECTION, (_POINTER,)),
    ("change_shapes", _NUMBER, (_POINTER, _POINTER, _NUMBER, _NUMBER)),
    ("enqueue", _NUMBER, (_POINTER, _POINTER, _NUMBER, _POINTER, _POINTER)),
)


def read_fields(address: Any) -> list[Field]:
    names = {number: name for name, number in FIELD_TYPES.items()}
    sizes = {"INT32": 4, "CHAR": 1}
    found = []
    for field in address.contents.fields[: address.contents.count]:
        kind = names[field.type]
        data = ctypes.string_at(field.data, field.length * sizes[kind]) if field.data else None
        found.append(Field(field.name.decode(), kind, data, field.length))
    return found


def descriptions(tensors: Sequence[Tensor]) -> Any:
    described = (Description * len(tensors))()
    for index, tensor in enumerate(tensors):
        sizes = (ctypes.c_int64 * 8)(*tensor.shape)
        described[index] = Description(Dims(len(tensor.shape), sizes), tensor.type, tensor.format, 1.0)
    return described


def texts(function: Any, handle: int, count: int) -> tuple[str, ...]:
    texts = (ctypes.c_char_p * count)()
    function(handle, texts)
    return tuple((text or b"").decode() for text in texts)


def load_host() -> Any:
    """The mini-host, compiled if need be.

    Raises:
        InputError: if there is no C++ compiler.
    """
    host = ctypes.CDLL(str(_compiled_host()))
    for name, result, arguments in _FUNCTIONS:
        function = getattr(host, f"host_{name}")
        function.restype, function.argtypes = result, arguments
    return host


def _compiled_host() -> Path:
    sources = b"".join((HOST.parent / name).read_bytes() for name in (HOST.name, "plugin_abi.h"))
    library = cache_folder() / "plugin" / f"host-{hashlib.sha256(sources).hexdigest()[:16]}.so"
    if library.exists():
        return library
    with replacing(library, force=True) as temporary:
        command = ["c++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden"]
        try:
            subprocess.run(
                [*command, str(HOST), "-o", str(temporary), "-ldl"], check=True, capture_output=True, text=True
            )
        except FileNotFoundError:
            raise InputError("The plugin's host needs a C++ compiler.", fix="Install one as `c++`.") from None
        except subprocess.CalledProcessError as error:
            raise InputError("The plugin's host cannot be compiled.", error.stderr) from None
    return library
