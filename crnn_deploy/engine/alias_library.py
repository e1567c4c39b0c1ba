"""An empty shared library that gives a second name to a library that is already loaded.

The ONNX parser of TensorRT-RTX looks for `libtensorrt_rtx.so` at a plugin layer, but its Python package only has
`libtensorrt_rtx.so.1`, and the process ends where the library is not found. A link would have to be on the loader's
path, which is read when a process starts; a library with the missing name is found wherever it was loaded from.
"""

from __future__ import annotations

import platform
import struct

_MACHINES = {"x86_64": 62, "aarch64": 183}
_HEADER, _SEGMENT, _SYMBOL, _ENTRY = 64, 56, 24, 16
_SEGMENTS = 3
_PAGE = 0x10000  # the largest page of ARM; a multiple of the others
# Tags of the dynamic section and kinds of segments, as <elf.h> names them.
_NULL, _NEEDED, _HASH, _STRTAB, _SYMTAB, _STRSZ, _SYMENT, _SONAME = 0, 1, 4, 5, 6, 10, 11, 14
_LOAD, _DYNAMIC, _GNU_STACK = 1, 2, 0x6474E551
_READ_WRITE = 6


def alias_library(name: str, needed: str) -> bytes:
    """An empty ELF shared library called `name` that needs the library called `needed`.

    The loader finds the symbols of the other library through it.
    """
    strings = b"\0".join((b"", name.encode(), needed.encode(), b""))
    symbols = _HEADER + _SEGMENTS * _SEGMENT
    table = symbols + _SYMBOL
    dynamic = table + _ENTRY
    tags = (_SONAME, _NEEDED, _HASH, _STRTAB, _SYMTAB, _STRSZ, _SYMENT, _NULL)
    text = dynamic + len(tags) * _ENTRY
    values = (1, len(name) + 2, table, text, symbols, len(strings), _SYMBOL, 0)
    size = text + len(strings)
    return b"".join(
        (
            _file_header(),
            _segment(_LOAD, 0, size, _PAGE),
            _segment(_DYNAMIC, dynamic, len(tags) * _ENTRY, 8),
            _segment(_GNU_STACK, 0, 0, 16),  # without it the stack would have to be executable
            bytes(_SYMBOL),  # the undefined symbol, which every table begins with
            struct.pack("<4I", 1, 1, 0, 0),  # a hash table of nothing
            *(struct.pack("<2Q", tag, value) for tag, value in zip(tags, values, strict=True)),
            strings,
        )
    )


def _file_header() -> bytes:
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)  # 64 bits, little endian, version 1
    machine = _MACHINES[platform.machine()]
    shared, version = 3, 1
    sizes = (_HEADER, _SEGMENT, _SEGMENTS, 64, 0, 0)
    return identity + struct.pack("<2HI3QI6H", shared, machine, version, 0, _HEADER, 0, 0, *sizes)


def _segment(kind: int, offset: int, size: int, alignment: int) -> bytes:
    return struct.pack("<2I6Q", kind, _READ_WRITE, offset, offset, offset, size, size, alignment)
