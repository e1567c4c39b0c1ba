"""What another process hands over as one block of memory: handing over each tensor of a batch by itself takes most of
the time that a training spends on taking batches."""

from __future__ import annotations

import io
import pickle
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

_ALIGNED = 64  # bytes


class Parcel(NamedTuple):
    """An object with tensors.

    Attributes:
        form: the object without the numbers of its tensors.
        numbers: uint8, those of all tensors; in shared or pinned memory the tensors are there, too.
        spans: where each of them begins and ends.
    """

    form: bytes
    numbers: Tensor
    spans: list[tuple[int, int]]


def pack(what: object) -> Parcel:
    """A parcel of an object that can be pickled; its tensors are on the CPU."""
    buffers: list[pickle.PickleBuffer] = []
    form = io.BytesIO()
    _Pickler(form, protocol=5, buffer_callback=buffers.append).dump(what)
    parts = [np.frombuffer(buffer.raw(), np.uint8) for buffer in buffers]
    starts = list(accumulate((-(-len(part) // _ALIGNED) * _ALIGNED for part in parts), initial=0))
    spans = [(start, start + len(part)) for start, part in zip(starts, parts, strict=False)]
    numbers = np.empty(starts[-1], np.uint8)
    for (start, stop), part in zip(spans, parts, strict=True):
        numbers[start:stop] = part
    return Parcel(form.getvalue(), torch.from_numpy(numbers), spans)


def unpack(parcel: Parcel) -> Any:
    """The object, whose tensors lie in the memory of the parcel."""
    numbers = parcel.numbers.numpy()
    return pickle.loads(parcel.form, buffers=[numbers[start:stop] for start, stop in parcel.spans])


class _Pickler(pickle.Pickler):
    """Takes tensors for arrays, whose numbers pickle can leave out."""

    def reducer_override(self, what: object) -> Any:
        return (torch.from_numpy, (what.numpy(),)) if isinstance(what, Tensor) else NotImplemented
