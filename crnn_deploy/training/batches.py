"""Training batches: lines of similar width together, augmented, with labels and the teacher's frames beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import Source, title
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.augmentation.augmentation import Augmentation
from crnn_deploy.training.labels import class_of_characters
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.batching import TeacherBatch, teacher_batch

_BUCKET = 16  # pixels by which the widths in one batch may differ
_AHEAD = 4  # batches that are made while the network works


@dataclass(frozen=True)
class TrainingBatch:
    """`images` `[N, C, H, W]`; for lines `frames` `[N]` are theirs and the rest is padding."""

    images: Tensor
    frames: Tensor
    targets: Tensor | None  # class indices: of all characters in a row, or one for each image
    lengths: Tensor | None  # characters of each line
    teachers: tuple[TeacherBatch, ...] = ()

    def to(self, device: torch.device) -> TrainingBatch:
        return TrainingBatch(
            images=self.images.to(device),
            frames=self.frames.to(device),
            targets=None if self.targets is None else self.targets.to(device),
            lengths=None if self.lengths is None else self.lengths.to(device),
            teachers=tuple(teacher.to(device) for teacher in self.teachers),
        )


class Answers(Protocol):
    """What a teacher says about each item of a source."""

    def __getitem__(self, item: int) -> Answer: ...


class TrainingSet:
    """Makes the batches of any epoch; the same seed and epoch always give the same ones.

    Args:
        stride: input pixels for each output frame of the student; 0 for a classifier.
        use_labels: whether batches carry targets.
        teachers: answers of each teacher for the items of `source`.
        shard: which of how many processes this is; each makes its part of every batch.
    """

    def __init__(
        self,
        source: Source,
        spec: ModelSpec,
        stride: int,
        batch_size: int,
        augmentation: float,
        use_labels: bool,
        teachers: Sequence[Answers],
        seed: int,
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        self.source = source
        self.spec = spec
        self.stride = stride
        self.batch_size = batch_size
        self.use_labels = use_labels
        self.teachers = teachers
        self.seed = seed
        self.shard = shard
        self._preprocessor = Preprocessor(spec.preprocessing)
        self._augment = Augmentation(augmentation, keep_width=spec.preprocessing.width is not None)
        self._class_of = class_of_characters(spec)
        self._widths = np.array([self._preprocessor.size(source.image(i)) for i in range(len(source))])

    @property
    def batches_per_epoch(self) -> int:
        return -(-len(self.source) // self.batch_size)

    def epoch(self, number: int, skip: int = 0) -> Iterator[TrainingBatch]:
        """Batches of one epoch, after the first `skip`; made ahead by a thread."""
        plan = list(enumerate(self._plan(number)))[skip:]
        with ThreadPoolExecutor(1) as pool:
            pending = [pool.submit(self._batch, items, number) for _, items in plan[:_AHEAD]]
            for position in range(len(plan)):
                batch = pending.pop(0).result()
                if position + _AHEAD < len(plan):
                    pending.append(pool.submit(self._batch, plan[position + _AHEAD][1], number))
                yield batch

    def _plan(self, epoch: int) -> list[list[int]]:
        """Shuffled, then sorted by width bucket, cut into batches, and the batches shuffled."""
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.source))
        order = order[np.argsort(self._widths[order] // _BUCKET, kind="stable")]
        chunks = [order[i : i + self.batch_size].tolist() for i in range(0, len(order), self.batch_size)]
        return [self._share(chunks[i]) for i in rng.permutation(len(chunks))]

    def _share(self, items: list[int]) -> list[int]:
        """This process's part of a batch; every process gets as many, so that none waits for the others in vain."""
        rank, processes = self.shard
        each = -(-len(items) // processes)
        return [items[(rank * each + i) % len(items)] for i in range(each)]

    def _batch(self, items: list[int], epoch: int) -> TrainingBatch:
        pixels = [self._pixels(item, epoch) for item in items]
        widths = [self.spec.preprocessing.with_padding(p.shape[1]) for p in pixels]
        images = np.stack([self._preprocessor.tensor(p, max(widths)) for p in pixels])
        frames = [w // self.stride if self.stride else 1 for w in widths]
        targets, lengths = self._targets(items) if self.use_labels else (None, None)
        told = tuple(teacher_batch([answers[i] for i in items], frames, self.spec) for answers in self.teachers)
        return TrainingBatch(torch.from_numpy(images), torch.tensor(frames), targets, lengths, told)

    def _pixels(self, item: int, epoch: int) -> NDArray[np.uint8]:
        pixels = self._preprocessor.pixels(self.source.image(item), title(self.source, item))
        return self._augment(pixels, np.random.default_rng((self.seed, epoch, item)))

    def _targets(self, items: list[int]) -> tuple[Tensor, Tensor | None]:
        if self.spec.task == "classify":
            return torch.tensor([self.source.class_index(i) for i in items]), None
        encoded = [[self._class_of[c] for c in self.source.text(i)] for i in items]
        return torch.tensor(list(chain.from_iterable(encoded))), torch.tensor([len(e) for e in encoded])
