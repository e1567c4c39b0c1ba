"""The operations of a GPU that a session needs, independent of the Python package behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.errors import InputError

Bytes = NDArray[np.uint8]
Graph = Any


class CudaMemory(Protocol):
    """One GPU with one stream of its own; copies and launches return before they are done."""

    stream: int
    """Handle of the stream, as TensorRT takes it."""

    def allocate(self, size: int) -> int:
        """Address of `size` bytes of device memory. Raises `InputError` where none is left."""
        ...

    def free(self, address: int) -> None: ...

    def pin(self, size: int) -> Bytes:
        """Page-locked host memory `[size]`, which copies run from and to at full speed."""
        ...

    def unpin(self, host: Bytes) -> None:
        """Free memory from `pin`."""
        ...

    def upload(self, address: int, host: Bytes) -> None:
        """Copy pinned memory to the device."""
        ...

    def download(self, host: Bytes, address: int) -> None:
        """Copy device memory to pinned memory."""
        ...

    def start_clock(self) -> None:
        """Mark this point of the stream by an event."""
        ...

    def stop_clock(self) -> None: ...

    def elapsed_ms(self) -> float:
        """Milliseconds between start and stop; both must have been passed."""
        ...

    def synchronize(self) -> None:
        """Wait until all work of the stream is done."""
        ...

    def capture(self, send: Callable[[], bool]) -> Graph | None:
        """A graph of what `send` sends to the stream, which is not run; None where that cannot be captured."""
        ...

    def launch(self, graph: Graph) -> None: ...

    def discard(self, graph: Graph) -> None: ...

    def close(self) -> None:
        """Destroy the stream and the events."""
        ...


def out_of_memory(wanted: str, reason: object) -> InputError:
    """The error for the user where the GPU has no memory left for something."""
    return InputError(
        f"The GPU has no memory left for {wanted}: {reason}.",
        "The batch is large, or other programs use the GPU.",
        "Choose a smaller batch, or end the other programs.",
    )
