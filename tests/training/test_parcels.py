"""What another process hands over arrives as it was."""

from __future__ import annotations

import torch

from crnn_deploy.training.parcels import pack, unpack

MADE = {
    "levels": torch.arange(7, dtype=torch.uint8),
    "columns": torch.arange(12.0).reshape(3, 4).T,
    "none": torch.zeros(0, 5),
    "number": torch.tensor(3),
    "texts": ("a", None),
}


def test_an_object_with_tensors_arrives_as_it_was() -> None:
    arrived = unpack(pack(MADE))
    assert arrived["texts"] == MADE["texts"]
    tensors = [name for name, value in MADE.items() if isinstance(value, torch.Tensor)]
    assert all(torch.equal(arrived[name], MADE[name]) for name in tensors)
    assert all(arrived[name].dtype == MADE[name].dtype for name in tensors)
    assert len(tensors) == 4


def test_its_tensors_lie_in_the_one_block_of_memory() -> None:
    parcel = pack(MADE)
    arrived = unpack(parcel)
    parcel.numbers.zero_()
    assert arrived["levels"].sum() == arrived["columns"].sum() == 0
    arrived["levels"][0] = 9
    assert parcel.numbers.max() == 9


def test_numbers_begin_where_processors_read_fast() -> None:
    assert all(start % 64 == 0 for start, _ in pack(MADE).spans)
