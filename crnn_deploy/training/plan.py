"""Which images share the batches of an epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class EpochPlan:
    """The images of all batches of an epoch.

    Attributes:
        order: `[N]`, the images, batch by batch.
        starts, stops: `[B]`, where each batch is in `order`.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.starts)

    def part(self, batch: int, rank: int, processes: int) -> list[int]:
        """The part of a batch that one process trains on.

        All parts have the same size, so that all processes take the same steps; an image may be in two of them.
        """
        items = self.order[self.starts[batch] : self.stops[batch]]
        each = -(-len(items) // processes)
        part: list[int] = items[np.arange(rank * each, (rank + 1) * each) % len(items)].tolist()
        return part


def epoch_plan(
    buckets: NDArray[np.int64], together: NDArray[np.int64], batch_size: int, seed: tuple[int, int]
) -> EpochPlan:
    """Shuffled, then sorted by bucket, cut into batches, and the batches shuffled.

    Args:
        buckets: `[N]`, of each image.
        together: how many images, in the order of buckets, may share batches with each other; they add up to N.
        seed: of the training, and number of the epoch.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(buckets))
    order = order[np.argsort(buckets[order], kind="stable")]
    ends = np.cumsum(together)
    spans = zip(ends - together, ends, strict=True)
    starts = np.concatenate([np.arange(start, end, batch_size) for start, end in spans])
    stops = np.minimum(starts + batch_size, np.repeat(ends, -(-together // batch_size)))
    shuffled = rng.permutation(len(starts))
    return EpochPlan(order, starts[shuffled], stops[shuffled])
