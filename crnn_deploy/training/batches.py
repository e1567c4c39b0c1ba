"""Training batches: lines of similar width together, augmented, with labels and the teacher's frames beside them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crnn_deploy.data import Source
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import title
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.alignment import resample_frames
from crnn_deploy.training.augmentation import Augmentation
from crnn_deploy.training.teacher import TeacherAnswers

_BUCKET = 16  # pixels by which the widths in one batch may differ
_AHEAD = 4  # batches that are made while the network works


@dataclass(frozen=True)
class TrainingBatch:
    """`images` `[N, C, H, W]`; for lines `frames` `[N]` are theirs and the rest is padding."""

    images: Tensor
    frames: Tensor
    targets: Tensor | None  # class indices: of all characters in a row, or one for each image
    lengths: Tensor | None  # characters of each line
    teacher: Tensor | None  # log-probabilities [N, T, K] or [N, K]

    def to(self, device: torch.device) -> TrainingBatch:
        moved = (t.to(device) if t is not None else None for t in vars(self).values())
        return TrainingBatch(*moved)  # type: ignore[arg-type]


class TrainingSet:
    """Makes the batches of any epoch; the same seed and epoch always give the same ones.

    Args:
        stride: input pixels for each output frame of the student; 0 for a classifier.
        use_labels: whether batches carry targets.
    """

    def __init__(
        self,
        source: Source,
        spec: ModelSpec,
        stride: int,
        batch_size: int,
        augmentation: float,
        use_labels: bool,
        teacher: TeacherAnswers | None,
        seed: int,
    ) -> None:
        self.source = source
        self.spec = spec
        self.stride = stride
        self.batch_size = batch_size
        self.use_labels = use_labels
        self.teacher = teacher
        self.seed = seed
        self._preprocessor = Preprocessor(spec.preprocessing)
        self._augment = Augmentation(augmentation, keep_width=spec.preprocessing.width is not None)
        self._class_of = {character: i for i, character in enumerate(spec.alphabet)}
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
        return [chunks[i] for i in rng.permutation(len(chunks))]

    def _batch(self, items: list[int], epoch: int) -> TrainingBatch:
        pixels = [self._pixels(item, epoch) for item in items]
        widths = [self.spec.preprocessing.with_padding(p.shape[1]) for p in pixels]
        images = np.stack([self._preprocessor.tensor(p, max(widths)) for p in pixels])
        frames = [w // self.stride if self.stride else 1 for w in widths]
        targets, lengths = self._targets(items) if self.use_labels else (None, None)
        return TrainingBatch(
            torch.from_numpy(images), torch.tensor(frames), targets, lengths, self._teacher_frames(items, frames)
        )

    def _pixels(self, item: int, epoch: int) -> NDArray[np.uint8]:
        pixels = self._preprocessor.pixels(self.source.image(item), title(self.source, item))
        return self._augment(pixels, np.random.default_rng((self.seed, epoch, item)))

    def _targets(self, items: list[int]) -> tuple[Tensor, Tensor | None]:
        if self.spec.task == "classify":
            return torch.tensor([self.source.class_index(i) for i in items]), None
        encoded = [[self._class_of[c] for c in self.source.text(i)] for i in items]
        return torch.tensor(list(chain.from_iterable(encoded))), torch.tensor([len(e) for e in encoded])

    def _teacher_frames(self, items: list[int], frames: list[int]) -> Tensor | None:
        if self.teacher is None:
            return None
        answers = [self.teacher[item] for item in items]
        if not self.stride:
            return torch.from_numpy(np.concatenate(answers))
        padded = np.zeros((len(items), max(frames), answers[0].shape[-1]), np.float32)
        for row, (answer, length) in enumerate(zip(answers, frames, strict=True)):
            padded[row, :length] = resample_frames(answer, length, self.spec.blank)
        return torch.from_numpy(padded)
