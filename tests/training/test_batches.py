"""Training batches: complete, reproducible, and with everything in its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from crnn_deploy.data import Source, open_source
from crnn_deploy.models import STRIDE
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch, TrainingSet


@pytest.fixture
def source(lines: Path) -> Source:
    return open_source(lines)


def training_set(source: Source, spec: ModelSpec, augmentation: float = 1.0, seed: int = 0) -> TrainingSet:
    return TrainingSet(source, spec, STRIDE, 8, augmentation, True, None, seed)


def same(a: TrainingBatch, b: TrainingBatch) -> bool:
    return all(
        (x is None and y is None) or torch.equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True)
    )


def test_an_epoch_holds_every_line_once(source: Source, spec: ModelSpec) -> None:
    data = training_set(source, spec)
    batches = list(data.epoch(0))
    assert len(batches) == data.batches_per_epoch == 5
    found: list[int] = []
    for batch in batches:
        assert batch.targets is not None
        assert batch.lengths is not None
        start = 0
        for length in batch.lengths.tolist():
            found.append(hash(tuple(batch.targets[start : start + length].tolist())))
            start += length
    expected = [hash(tuple(spec.alphabet.index(c) for c in source.text(i))) for i in range(len(source))]
    assert sorted(found) == sorted(expected)


def test_epochs_differ_but_repeat_exactly(source: Source, spec: ModelSpec) -> None:
    first, again, second, other = (
        next(training_set(source, spec, seed=seed).epoch(number)) for seed, number in ((0, 0), (0, 0), (0, 1), (1, 0))
    )
    assert same(first, again)
    assert not same(first, second)
    assert not same(first, other)


def test_skipping_gives_the_rest_of_the_same_epoch(source: Source, spec: ModelSpec) -> None:
    data = training_set(source, spec)
    whole, rest = list(data.epoch(3)), list(data.epoch(3, skip=2))
    assert all(same(a, b) for a, b in zip(whole[2:], rest, strict=True))


def test_frames_cover_the_image_and_not_the_padding(source: Source, spec: ModelSpec) -> None:
    for batch in training_set(source, spec, augmentation=0).epoch(0):
        assert batch.frames.max().item() * STRIDE == batch.images.shape[-1]
        for image, frames in zip(batch.images, batch.frames.tolist(), strict=True):
            assert torch.all(image[..., frames * STRIDE :] == 1)  # white paper
