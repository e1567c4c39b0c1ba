"""Compiles and loads `host.cc`, and declares the structures of TensorRT's C++ interface for ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crnn_deploy.errors import InputError
from crnn_deploy.files import cache_folder, replacing
from crnn_deploy.native.plugin.sources import SOURCES

_HOST = Path(__file__).with_name("host.cc")
_HEADER = SOURCES / "plugin_abi.h"

# Values of TensorRT's enumerations, as far as the plugin uses them: DataType, TensorFormat, TensorRTPhase and
# PluginFieldType.
FLOAT, HALF, INT8, INT32 = range(4)
LINEAR, CHW2 = range(2)
BUILD, RUNTIME = range(2)
FIELD_TYPES = {"INT32": 5, "CHAR": 6, "FLOAT32": 1, "INT64": 10}


class Tensor(NamedTuple):
    """A tensor as TensorRT describes it. A size of -1 is not known yet."""

    shape: tuple[int, ...]
    type: int = FLOAT
    format: int = LINEAR


class Field(NamedTuple):
    """An attribute of the node as the ONNX parser passes it to the plugin. `length` counts elements."""

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
    memory: tuple[list[bytes], list[Any]]  # names and data that the fields point to; keeps them alive

    @classmethod
    def of(cls, fields: Sequence[Field]) -> FieldCollection:
        names = [field.name.encode() for field in fields]
        data = [ctypes.create_string_buffer(field.data, len(field.data)) if field.data else None for field in fields]
        structures = [
            _Field(name, content and ctypes.addressof(content), FIELD_TYPES[field.type], field.length)
            for name, content, field in zip(names, data, fields, strict=True)
        ]
        collection = cls(len(fields), (_Field * len(fields))(*structures))
        collection.memory = (names, data)
        return collection


_POINTER, _NUMBER = ctypes.c_void_p, ctypes.c_int
_COLLECTION = ctypes.POINTER(FieldCollection)
# The functions that host.cc exports: name without the prefix `host_`, type of the result, types of the arguments.
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
    fields = []
    for field in address.contents.fields[: address.contents.count]:
        kind = names[field.type]
        data = ctypes.string_at(field.data, field.length * sizes[kind]) if field.data else None
        fields.append(Field(field.name.decode(), kind, data, field.length))
    return fields


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
    """The library of `host.cc`, compiled if it is not in the cache.

    Raises:
        InputError: if there is no C++ compiler, or if it cannot compile the file.
    """
    host = ctypes.CDLL(str(_compiled_host()))
    for name, result, arguments in _FUNCTIONS:
        function = getattr(host, f"host_{name}")
        function.restype, function.argtypes = result, arguments
    return host


def _compiled_host() -> Path:
    digest = hashlib.sha256(_HOST.read_bytes() + _HEADER.read_bytes()).hexdigest()
    library = cache_folder() / "plugin" / f"host-{digest[:16]}.so"
    if library.exists():
        return library
    options = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden"]
    with replacing(library, force=True) as temporary:
        command = ["c++", *options, "-I", str(_HEADER.parent), str(_HOST), "-o", str(temporary), "-ldl"]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except FileNotFoundError:
            raise InputError(f"{_HOST.name} needs a C++ compiler.", fix="Install one as `c++`.") from None
        except subprocess.CalledProcessError as error:
            raise InputError(f"{_HOST.name} cannot be compiled.", error.stderr) from None
    return library
