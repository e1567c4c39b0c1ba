"""Which images share the batches of an epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 16  # images


@dataclass(frozen=True)
class EpochPlan:
    """The images of all batches of an epoch.

    Attributes:
        order: `[N]`, the images, batch by batch.
        starts, stops: `[B]`, where each batch is in `order`.
    """

    order: NDArray[np.int32]
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


@dataclass(frozen=True)
class Buckets:
    """Images of similar size.

    Attributes:
        items: `[N]`, the images, bucket by bucket.
        ends: `[B]`, where each bucket ends in `items`.
    """

    items: NDArray[np.int32]
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, numbers: NDArray[np.int32]) -> Buckets:
        """From the number of the bucket of each image, `[N]`."""
        blocks = (numbers[start : start + _BLOCK] for start in range(0, len(numbers), _BLOCK))
        items, ends, end = np.empty(len(numbers), np.int32), [], 0
        # one by one: sorting all at once would take three times the memory
        for number in sorted(set().union(*(np.unique(block).tolist() for block in blocks))):
            inside = np.flatnonzero(numbers == number)
            items[end : end + len(inside)] = inside
            end += len(inside)
            ends.append(end)
        return cls(items, np.array(ends))


def epoch_plan(buckets: Buckets, together: NDArray[np.int64], batch_size: int, seed: tuple[int, int]) -> EpochPlan:
    """Each bucket shuffled, cut into batches one after the other, and the batches shuffled.

    Args:
        together: how many images, in the order of buckets, may share batches with each other; they add up to N.
        seed: of the training, and number of the epoch.
    """
    rng = np.random.default_rng(seed)
    order = buckets.items.copy()
    for bucket in np.split(order, buckets.ends[:-1]):
        rng.shuffle(bucket)
    ends = np.cumsum(together)
    spans = zip(ends - together, ends, strict=True)
    starts = np.concatenate([np.arange(start, end, batch_size) for start, end in spans])
    stops = np.minimum(starts + batch_size, np.repeat(ends, -(-together // batch_size)))
    shuffled = rng.permutation(len(starts))
    return EpochPlan(order, starts[shuffled], stops[shuffled])
