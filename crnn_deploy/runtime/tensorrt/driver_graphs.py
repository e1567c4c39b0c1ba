"""CUDA graphs by functions of the driver itself: pycuda has none."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

_THREAD_LOCAL = 1  # CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: calls of other threads cannot end the recording


class DriverGraphs:
    """Records graphs from one stream and launches them on it, in the context that is current.

    Args:
        driver: libcuda, of CUDA 11.4 or later.
        stream: handle of the stream.
    """

    def __init__(self, driver: Any, stream: int) -> None:
        self._driver = driver
        self._stream = ctypes.c_void_p(stream)

    def capture(self, send: Callable[[], bool]) -> ctypes.c_void_p | None:
        """A graph of what `send` sends to the stream; None where that cannot be captured, or `send` returns False."""
        self._call("cuStreamBeginCapture_v2", self._stream, ctypes.c_int(_THREAD_LOCAL))
        sent = send()
        graph, executable = ctypes.c_void_p(), ctypes.c_void_p()
        ended = self._driver.cuStreamEndCapture(self._stream, ctypes.byref(graph))  # always: it frees the stream
        if ended != 0 or not graph:
            return None
        if sent:
            self._call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, ctypes.c_ulonglong(0))
        self._call("cuGraphDestroy", graph)
        return executable if sent else None

    def launch(self, graph: ctypes.c_void_p) -> None:
        self._call("cuGraphLaunch", graph, self._stream)

    def discard(self, graph: ctypes.c_void_p) -> None:
        self._call("cuGraphExecDestroy", graph)

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._driver, name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{name}: CUDA error {status}")
