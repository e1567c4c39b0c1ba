"""A GPU that lives in host memory, as strict as a real one, for machines that have none.

The stream is a queue: nothing happens before `synchronize`, so whoever reads too early reads garbage. Memory that was
freed cannot be used, and graphs hold the addresses and shapes that they were recorded with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Act = Callable[[], None]


class FakeCuda:
    """A `CudaMemory`."""

    stream = 7

    def __init__(self) -> None:
        self.closed = False
        self.log: list[str] = []
        self.device: dict[int, bytearray] = {}
        self.pinned: dict[int, np.ndarray] = {}
        self.graphs: list[FakeGraph] = []
        self.capturing: FakeGraph | None = None
        self._queue: list[Act] = []
        self._next = 1 << 20
        self._marks = [False, False]

    def allocate(self, size: int) -> int:
        assert size > 0
        self._next += 1 << 32
        self.device[self._next] = bytearray(b"\x7f" * size)
        return self._next

    def free(self, address: int) -> None:
        assert not self._queue, "memory is freed under the stream's feet"
        del self.device[address]

    def pin(self, size: int) -> np.ndarray:
        host = np.full(size, 0x7F, np.uint8)
        self.pinned[host.ctypes.data] = host
        return host

    def unpin(self, host: np.ndarray) -> None:
        assert not self._queue
        del self.pinned[host.ctypes.data]

    def upload(self, address: int, host: np.ndarray) -> None:
        assert host.ctypes.data in self.pinned, "copies run from pinned memory"
        self._send("upload", lambda: self.write(address, host.tobytes()))

    def download(self, host: np.ndarray, address: int) -> None:
        assert host.ctypes.data in self.pinned, "copies run to pinned memory"

        def copy() -> None:
            host[:] = np.frombuffer(self.read(address, host.nbytes), np.uint8)

        self._send("download", copy)

    def start_clock(self) -> None:
        self._send("start", lambda: None)
        self._marks = [True, False]

    def stop_clock(self) -> None:
        self._send("stop", lambda: None)
        self._marks[1] = True

    def elapsed_ms(self) -> float:
        assert all(self._marks)
        assert not self._queue, "the events have not been passed yet"
        return 0.25

    def synchronize(self) -> None:
        self.log.append("synchronize")
        queue, self._queue = self._queue, []
        for act in queue:
            act()

    def capture(self, send: Callable[[], bool]) -> FakeGraph | None:
        self.capturing = FakeGraph()
        sent = send()
        graph, self.capturing = self.capturing, None
        if not (sent and graph.valid):
            return None
        self.graphs.append(graph)
        return graph

    def launch(self, graph: FakeGraph) -> None:
        assert graph in self.graphs
        for check in graph.checks:
            check()
        for act in graph.acts:
            self._send("graph", act)

    def discard(self, graph: FakeGraph) -> None:
        self.graphs.remove(graph)

    def close(self) -> None:
        assert not self._queue
        self.closed = True

    def enqueue(self, name: str, act: Act) -> None:
        """What TensorRT does with the stream."""
        if self.capturing is not None:
            self.capturing.acts.append(act)
        else:
            self._send(name, act)

    def read(self, address: int, size: int) -> bytes:
        assert size <= len(self.device[address])
        return bytes(self.device[address][:size])

    def write(self, address: int, data: bytes) -> None:
        assert len(data) <= len(self.device[address])
        self.device[address][: len(data)] = data

    def _send(self, name: str, act: Act) -> None:
        assert not self.closed
        self.log.append(name)
        self._queue.append(act)


@dataclass(eq=False)
class FakeGraph:
    acts: list[Act] = field(default_factory=list)
    checks: list[Act] = field(default_factory=list)
    valid: bool = True
