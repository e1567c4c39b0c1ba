"""Training batches: complete, reproducible, and with everything in its place."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.pictures.config import FramesGru
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.models.student import student_spec
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch, TrainingSet
from crnn_deploy.training.config import TrainingOptions
from crnn_deploy.training.losses.options import CrossEntropyOptions, CtcOptions, FrameKlOptions
from crnn_deploy.training.material import Material
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.likeliest import likeliest

from .tiny import CLASSES, draw_classes

STRIDE = 4


class AllKnowing:
    """A teacher whose answer for item i has i as its confidence and as its only feature, at twice the frame rate."""

    def __init__(self, source: Source, spec: ModelSpec) -> None:
        self._source = source
        self._spec = spec

    def __getitem__(self, item: int) -> Answer:
        frames = 2 * self._spec.preprocessing.padded_width(*self._source.image(item).size) // STRIDE
        targets = np.array([self._spec.alphabet.index(c) for c in self._source.text(item)])
        told = np.full((frames, 1), item, np.float32)
        return Answer(
            likeliest(np.full((frames, 5), np.log(0.2), np.float32)), np.ones(frames, bool), targets, item, told
        )


@pytest.fixture
def spec(spec: ModelSpec) -> ModelSpec:
    return student_spec("student", StudentChoice(stride=STRIDE), spec)


@pytest.fixture
def source(lines: Path) -> Source:
    return open_source(lines)


def training_set(
    source: Source,
    spec: ModelSpec,
    labels: bool = True,
    shard: tuple[int, int] = (0, 1),
    batch_size: int = 8,
    workers: int = 0,
    **options: Any,
) -> TrainingSet:
    losses = (CtcOptions() if labels else FrameKlOptions(),)
    material = Material(source, source, losses, [AllKnowing(source, spec)])
    return TrainingSet(material, spec, TrainingOptions(batch_size=batch_size, **options), shard, workers)


def same(a: TrainingBatch, b: TrainingBatch) -> bool:
    assert a.targets is not None
    assert b.targets is not None
    return (
        torch.equal(a.images.levels, b.images.levels)
        and torch.equal(a.frames, b.frames)
        and torch.equal(a.targets, b.targets)
    )


def items(batch: TrainingBatch) -> list[int]:
    """Which items of the source are in it, as the teacher tells."""
    return [int(i) for i in batch.teachers[0].confidence]


def test_an_epoch_holds_every_line_once_with_its_label(source: Source, spec: ModelSpec) -> None:
    data = training_set(source, spec)
    batches = list(data.epoch(0))
    assert len(batches) == data.batches_per_epoch == 5
    assert sorted(chain.from_iterable(map(items, batches))) == list(range(40))
    for batch in batches:
        assert batch.targets is not None
        assert batch.lengths is not None
        texts = "".join(source.text(i) for i in items(batch))
        assert "".join(spec.alphabet[k] for k in batch.targets) == texts
        assert batch.lengths.tolist() == [len(source.text(i)) for i in items(batch)]
        assert batch.targets.tolist() == batch.teachers[0].targets.tolist()


def test_lines_of_a_batch_are_of_similar_width(source: Source, spec: ModelSpec) -> None:
    spread = [np.ptp(batch.frames.numpy()) for batch in training_set(source, spec, augmentation=0).epoch(0)]
    widths = [source.image(i).width for i in range(40)]
    assert np.mean(spread) < np.ptp(widths) / STRIDE / 2


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
    assert list(data.epoch(3, skip=5)) == []


def test_frames_cover_the_image_and_not_the_padding(source: Source, spec: ModelSpec) -> None:
    for batch in training_set(source, spec, augmentation=0).epoch(0):
        assert batch.frames.max().item() * STRIDE == batch.images.levels.shape[2]
        for image, frames in zip(batch.inputs[0], batch.frames.tolist(), strict=True):
            assert torch.all(image[..., frames * STRIDE :] == 1)  # white paper


def test_the_teacher_speaks_at_the_students_frame_rate(source: Source, spec: ModelSpec) -> None:
    for batch in training_set(source, spec, augmentation=1.0).epoch(0):
        (told,) = batch.teachers
        assert told.log_probs.shape == (len(batch.images), batch.images.levels.shape[2] // STRIDE, 5)
        assert told.trusted.sum(1).tolist() == batch.frames.tolist()
        assert told.features is not None
        assert told.features[:, 0, 0].tolist() == items(batch)


def test_without_labels_there_are_none(source: Source, spec: ModelSpec) -> None:
    batch = next(training_set(source, spec, labels=False).epoch(0))
    assert batch.targets is None
    assert batch.lengths is None


def test_pictures_are_mixed_in_pairs_and_repeat_exactly(tmp_path: Path) -> None:
    source = open_source(draw_classes(tmp_path / "data.npz"))
    losses = (CrossEntropyOptions(),)

    def batch(**options: Any) -> TrainingBatch:
        chosen = TrainingOptions(batch_size=8, augmentation=0, **options)
        return next(TrainingSet(Material(source, source, losses), CLASSES, chosen).epoch(1))

    plain, mixed, again = batch(), batch(mixup=0.4), batch(mixup=0.4)
    assert plain.mixture is None
    assert mixed.mixture is not None
    assert mixed.targets is not None
    seen, single = mixed.inputs[0], plain.inputs[0]
    assert torch.equal(seen, again.inputs[0])
    assert torch.equal(mixed.targets, plain.targets)  # type: ignore[arg-type]
    share = mixed.mixture.share[:, None, None, None]
    torch.testing.assert_close(seen, share * single + (1 - share) * single[mixed.mixture.partner])
    flipped = [(batch(flip=True, seed=0).inputs[0] == single).all((1, 2, 3))[i].item() for i in range(8)]
    assert set(flipped) == {True, False}


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_each_batch(source: Source, spec: ModelSpec, processes: int) -> None:
    whole = training_set(source, spec, batch_size=9)  # 40 lines: the last batch has 4
    parts = [training_set(source, spec, batch_size=9, shard=(rank, processes)) for rank in range(processes)]
    assert {part.batches_per_epoch for part in parts} == {whole.batches_per_epoch}
    for batch, *shares in zip(whole.epoch(1), *(part.epoch(1) for part in parts), strict=True):
        assert len({len(share.images) for share in shares}) == 1  # nobody waits for another
        assert set(chain.from_iterable(map(items, shares))) == set(items(batch))
        assert sum(len(share.images) for share in shares) - len(batch.images) < processes


def test_a_share_of_more_processes_than_lines_still_has_one(source: Source, spec: ModelSpec) -> None:
    parts = [training_set(source, spec, batch_size=39, shard=(rank, 4)) for rank in range(4)]
    sizes = [[len(batch.images) for batch in part.epoch(0)] for part in parts]
    assert sizes == [sizes[0]] * 4
    assert 1 in sizes[0]


def test_clips_of_equal_length_share_a_batch_and_their_stills_are_augmented_alike(tmp_path: Path) -> None:
    still = np.random.default_rng(0).integers(0, 256, (16, 16), np.uint8)
    np.savez(
        tmp_path / "c.npz",
        clips=np.broadcast_to(still, (11, 4, 16, 16)),
        labels=np.arange(11) % 2,
        lengths=[4, 3] * 5 + [4],
    )
    source = open_source(tmp_path / "c.npz")
    spec = picture_spec("c", FramesGru(), ("a", "b"), "L", (16, 16))
    options = TrainingOptions(batch_size=4, augmentation=1, flip=True)
    data = TrainingSet(Material(source, source, (CrossEntropyOptions(),)), spec, options)
    batches = list(data.epoch(0))
    assert len(batches) == data.batches_per_epoch == 4
    assert sorted(batch.images.levels.shape[:2] for batch in batches) == [(1, 3), (2, 4), (4, 3), (4, 4)]
    clips = [clip for batch in batches for clip in batch.inputs[0]]
    assert all(torch.equal(still, clip[0]) for clip in clips for still in clip)
    assert len({clip[0].numpy().tobytes() for clip in clips}) == 11  # and each clip in another way


def test_processes_prepare_the_same_batches(source: Source, spec: ModelSpec) -> None:
    alone, together = (training_set(source, spec, workers=workers).epoch(2, skip=1) for workers in (0, 2))
    assert all(same(a, b) for a, b in zip(alone, together, strict=True))


@pytest.fixture
def damaged(lines: Path, tmp_path: Path) -> Source:
    """Lines of which one is damaged between its header and its end."""
    source = open_source(lines)
    folder = tmp_path / "damaged"
    folder.mkdir()
    for index in range(len(source)):
        source.image(index).save(folder / f"{index:02}.png")
    path = folder / "05.png"
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 6] ^= 0xFF
    path.write_bytes(data)
    labels = "".join(f"{index:02}.png\t{source.text(index)}\n" for index in range(len(source)))
    (folder / "labels.tsv").write_text(labels, "utf-8")
    return open_source(folder)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_cannot_be_decoded_stops_the_epoch_or_is_left_out(
    damaged: Source, spec: ModelSpec, workers: int
) -> None:
    with pytest.raises(InputError, match=r"05\.png"):
        list(training_set(damaged, spec, workers=workers).epoch(0))
    batches = list(training_set(damaged, spec, workers=workers, skip_bad=True).epoch(0))
    assert sum(len(batch.images) for batch in batches) == len(damaged) - 1
    assert [name for batch in batches for name in batch.broken] == ["05.png"]
    assert all(len(batch.images) == len(batch.frames) == len(items(batch)) for batch in batches)
