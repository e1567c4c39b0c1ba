"""Operations and bytes, and the least time that the measured peaks of a core allow for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INT8, FP32, BYTES = "INT8 products", "FP32 products", "bytes"


@dataclass(frozen=True)
class Rate:
    """Operations a second, two for each multiply-add, of one kind of product: `INT8` or `FP32`."""

    kind: str
    name: str
    operations: float


@dataclass(frozen=True)
class Peaks:
    """What one core was measured to do.

    `copies` are bytes read and written a second by the size of the block that is copied; `node_us` is the time of a
    node of ONNX Runtime that computes nothing, and `profiled_us` the time that its profile tells of it.
    """

    rates: list[Rate]
    copies: dict[int, float]
    node_us: float
    profiled_us: float

    def operations(self, kind: str) -> float:
        """Operations a second of the quickest product of a kind."""
        return max(rate.operations for rate in self.rates if rate.kind == kind)

    def bandwidth(self, count: int) -> float:
        """The most bytes a second for `count` bytes: as quick as copies of as many, or of the next fewer, bytes."""
        closest = max((block for block in self.copies if 2 * block <= count), default=min(self.copies))
        return max(rate for block, rate in self.copies.items() if block >= closest)


@dataclass(frozen=True)
class Work:
    """Operations of one `kind` (two for a multiply-add), and bytes read and written."""

    operations: int
    bytes: int
    kind: str = FP32

    def least(self, peaks: Peaks) -> tuple[float, str]:
        """The least µs, and what needs them: the operations of this kind, or `BYTES`."""
        computing = 1e6 * self.operations / peaks.operations(self.kind)
        moving = 1e6 * self.bytes / peaks.bandwidth(self.bytes)
        return (computing, self.kind) if computing > moving else (moving, BYTES)


@dataclass(frozen=True)
class Cost:
    """Measured µs of some work that is done one piece after the other, of `pieces` pieces."""

    name: str
    us: float
    least_us: float
    bound: str
    operations: int
    bytes: int
    pieces: int

    @property
    def distance(self) -> float | None:
        """How many times the least time it takes; None where nothing limits it."""
        return self.us / self.least_us if self.least_us else None


def cost(name: str, us: float, works: Sequence[Work], peaks: Peaks) -> Cost:
    """The cost of pieces of work, each of which has its own least time; `bound` needs most of the sum."""
    needed: dict[str, float] = {}
    for work in works:
        least, bound = work.least(peaks)
        needed[bound] = needed.get(bound, 0.0) + least
    return Cost(
        name=name,
        us=us,
        least_us=sum(needed.values()),
        bound=max(needed, key=lambda bound: needed[bound]),
        operations=sum(work.operations for work in works),
        bytes=sum(work.bytes for work in works),
        pieces=len(works),
    )
