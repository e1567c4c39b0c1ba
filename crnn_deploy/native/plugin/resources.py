"""Reads registers, spills and shared memory of the kernels from the output of `nvcc -Xptxas -v`."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable, Iterator

from crnn_deploy.native.plugin.record import KernelResources

_ENTRY = re.compile(r"Compiling entry function '(?P<name>[^']+)' for 'sm_(?P<number>\w+)'")
_PROPERTIES = re.compile(r"Function properties for (?P<name>\S+)")
_SPILLS = re.compile(r"(?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads")
_USED = re.compile(r"Used (?P<registers>\d+) registers")
_SHARED = re.compile(r"(\d+) bytes smem")


def architecture_of(line: str) -> str | None:
    """Such as `sm89`, if the line says that a kernel is compiled for an architecture; otherwise None."""
    match = _ENTRY.search(line)
    return f"sm{match['number']}" if match else None


def kernel_resources(lines: Iterable[str]) -> Iterator[KernelResources]:
    """What each kernel needs on each architecture, in the order in which they were compiled."""
    entry: re.Match[str] | None = None
    function, spilled = "", 0
    for line in lines:
        if match := _ENTRY.search(line):
            entry, spilled = match, 0
        elif match := _PROPERTIES.search(line):
            function = match["name"]
        elif entry is not None and (match := _SPILLS.search(line)):
            # A kernel may call functions that were not inlined; their properties are printed between its own.
            spilled += int(match["stores"]) + int(match["loads"]) if function == entry["name"] else 0
        elif entry is not None and (match := _USED.search(line)):
            shared = _SHARED.search(line)
            yield KernelResources(
                kernel=readable(entry["name"]),
                architecture=f"sm{entry['number']}",
                registers=int(match["registers"]),
                spilled_bytes=spilled,
                shared_bytes=int(shared[1]) if shared else 0,
            )
            entry = None


def readable(symbol: str) -> str:
    """Name of a kernel as in its source, such as `gru<__half, 4, true>`; the symbol if it cannot be demangled."""
    name = _demangled(symbol)
    name = re.sub(r"\((?:anonymous namespace|int|bool|unsigned int|long)\)(?:::)?", "", name)
    head = name.split("(")[0].removeprefix("void ")
    return head.replace("crnn_deploy::", "")


def _demangled(symbol: str) -> str:
    try:
        demangle = ctypes.CDLL("libstdc++.so.6").__cxa_demangle
    except (OSError, AttributeError):
        return symbol
    demangle.restype = ctypes.c_void_p
    status = ctypes.c_int()
    memory = demangle(symbol.encode(), None, None, ctypes.byref(status))
    if not memory:
        return symbol
    name = ctypes.string_at(memory).decode()
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]
    free(memory)
    return name
