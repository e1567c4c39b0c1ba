"""Training batches: augmented images of similar width, with their labels and the teachers' answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

from crnn_deploy.data.network_inputs import vectors_of
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sizes import input_sizes
from crnn_deploy.data.sources.base import title
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import stride_of
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import TextEncoder
from crnn_deploy.training.augmentation.choosing import augmentation_for
from crnn_deploy.training.augmentation.mixing import Mixer, Mixture
from crnn_deploy.training.config import TrainingOptions
from crnn_deploy.training.material import Material
from crnn_deploy.training.pixels import PixelBatch
from crnn_deploy.training.plan import Buckets, epoch_plan
from crnn_deploy.training.preparing import prepared
from crnn_deploy.training.teachers.batching import TeacherBatch, teacher_batch

_BUCKET = 16  # pixels by which the widths in one batch may differ


@dataclass(frozen=True)
class TrainingBatch:
    """`images` and the `frames` `[N]` that belong to each line, the other frames are padding. `vectors` `[N, V]` stand
    beside pictures.

    Clips are of equal length, so that none is padded.

    With a `mixture`, the network sees the images mixed in pairs. All else belongs to the single images.

    `broken` are the names of images that were left out because they can't be decoded.
    """

    images: PixelBatch
    frames: Tensor
    targets: Tensor | None  # class indices: of all characters in a row, or one for each image
    lengths: Tensor | None  # characters of each line
    teachers: tuple[TeacherBatch, ...] = ()
    mixture: Mixture | None = None
    vectors: Tensor | None = None
    broken: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the network takes: images `[N, C, H, W]` or clips `[N, T, C, H, W]`, and vectors."""
        single = (self.images.normalised(), *([] if self.vectors is None else [self.vectors]))
        return single if self.mixture is None else tuple(map(self.mixture.of, single))

    def to(self, device: torch.device) -> TrainingBatch:
        """The same on a device. From pinned memory a GPU copies while the CPU goes on."""

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device, non_blocking=True)

        return replace(
            self,
            images=self.images.to(device),
            frames=self.frames.to(device, non_blocking=True),
            targets=moved(self.targets),
            lengths=moved(self.lengths),
            teachers=tuple(teacher.to(device) for teacher in self.teachers),
            mixture=None if self.mixture is None else self.mixture.to(device),
            vectors=moved(self.vectors),
        )


class TrainingSet:
    """The batches of each epoch; the same seed and epoch always give the same batches.

    Args:
        spec: of the network that is trained.
        shard: rank of this process and number of processes; each process makes its part of every batch.
        workers: processes that prepare batches; 0: a thread does.
    """

    def __init__(
        self,
        material: Material,
        spec: ModelSpec,
        options: TrainingOptions,
        shard: tuple[int, int] = (0, 1),
        workers: int = 0,
    ) -> None:
        self.material = material
        self.spec = spec
        self.options = options
        self.shard = shard
        self._workers = workers
        self._source = material.train
        self._stride = stride_of(spec) if spec.task == "ctc" else None
        self._preprocessor = Preprocessor(spec.preprocessing)
        self._vectors = vectors_of(self._source, spec.preprocessing)
        self._augment = augmentation_for(spec, options)
        self._mix = Mixer(options.mixup, options.cutmix)
        self._encoder = TextEncoder(spec)
        sizes = input_sizes(self._source, spec.preprocessing)
        of_clips = spec.preprocessing.clips is not None  # those of other lengths can't share a batch: none is padded
        self._together = np.unique(sizes, return_counts=True)[1] if of_clips else np.array([len(sizes)])
        if not of_clips:
            sizes //= _BUCKET
        self._buckets = Buckets.of(sizes)

    @property
    def batches_per_epoch(self) -> int:
        return int((-(-self._together // self.options.batch_size)).sum())

    def epoch(self, number: int, skip: int = 0) -> Iterator[TrainingBatch]:
        """Batches of one epoch, without the first `skip`; they are prepared in advance."""
        plan = epoch_plan(self._buckets, self._together, self.options.batch_size, (self.options.seed, number))

        def batch(place: int) -> TrainingBatch:
            return self._batch(plan.part(place, *self.shard), number)

        return prepared(batch, range(skip, len(plan)), self._workers)

    def _batch(self, items: list[int], epoch: int) -> TrainingBatch:
        items, decoded, broken = self._decoded(items)
        pixels = self._augment(decoded, [self._rng(epoch, item) for item in items])
        images = PixelBatch.of(pixels, self._preprocessor)
        # Behind the seeds of the single images, which end with the number of an image.
        mixture = self._mix(images.levels.shape, self._rng(epoch, len(self._source) + items[0]))
        preprocessing = self.spec.preprocessing
        frames = self._frames([preprocessing.with_padding(p.shape[-2]) for p in pixels])
        of_lines = self._frames([preprocessing.line_width(p.shape[-2]) for p in pixels])
        targets, lengths = self._targets(items) if self.material.reads_labels else (None, None)
        teachers = tuple(
            teacher_batch([answers[i] for i in items], of_lines, frames, self.spec)
            for answers in self.material.teachers
        )
        vectors = None if self._vectors is None else torch.from_numpy(self._vectors[items])
        return TrainingBatch(images, torch.tensor(frames), targets, lengths, teachers, mixture, vectors, broken)

    def _frames(self, widths: list[int]) -> list[int]:
        return [1 if self._stride is None else width // self._stride for width in widths]

    def _decoded(self, items: list[int]) -> tuple[list[int], list[NDArray[np.uint8]], tuple[str, ...]]:
        """The items of a batch that can be decoded, their pixels, and the names of the others.

        Raises:
            InputError: for an image that can't be decoded, unless broken ones are left out; or if none can.
        """
        good: list[int] = []
        pixels: list[NDArray[np.uint8]] = []
        broken: list[str] = []
        for item in items:
            try:
                pixels.append(self._pixels(item))
                good.append(item)
            except InputError:
                broken.append(self._source.item_name(item))
                if not self.options.skip_bad or len(broken) == len(items):
                    raise
        return good, pixels, tuple(broken)

    def _pixels(self, item: int) -> NDArray[np.uint8]:
        return self._preprocessor.pixels(self._source.image(item), title(self._source, item))

    def _rng(self, epoch: int, number: int) -> np.random.Generator:
        seed = _Seed(self.options.seed, epoch, number)
        return np.random.Generator(np.random.PCG64(seed))  # type: ignore[arg-type]  # its types name one class only

    def _targets(self, items: list[int]) -> tuple[Tensor, Tensor | None]:
        if self.spec.task == "classify":
            return torch.tensor([self._source.class_index(i) for i in items]), None
        encoded = [self._encoder.classes(text) for text in self._source.texts(np.asarray(items))]
        return torch.tensor(list(chain.from_iterable(encoded))), torch.tensor([len(e) for e in encoded])


class _Seed(ISeedSequence):
    """A hash of some numbers as a seed: `SeedSequence` takes three times as long."""

    def __init__(self, *numbers: int) -> None:
        self._hash = hashlib.blake2b(repr(numbers).encode(), digest_size=32).digest()

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint32) -> NDArray[Any]:
        return np.frombuffer(self._hash, dtype)[:n_words]
