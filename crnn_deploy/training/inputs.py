"""The images of a training: they are opened, checked, and split into training and validation images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.checking import all_usable, tell_classes_without_images, without_broken
from crnn_deploy.data.overlap import check_disjoint, fingerprint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.by_ranks import open_by_ranks
from crnn_deploy.data.sources.combined import Combined
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.data.sources.unlabelled import Unlabelled
from crnn_deploy.data.sources.vectors import with_vector
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.references import reference_texts, unknown_characters
from crnn_deploy.progress import Progress
from crnn_deploy.ranks import ALONE, Ranks
from crnn_deploy.spec import ModelSpec, Task
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.labels import check_labels
from crnn_deploy.training.train_config import TrainConfig

_LABEL_KINDS = {"ctc": "text", "classify": "class"}


@dataclass(frozen=True)
class Vector:
    """The names of the numbers that are read beside each picture; labels are names of classes then.

    `class_names`: of the teacher, in its order; empty: those of the labels, sorted.
    """

    names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainingInputs:
    """Sources without broken images; the names of these are in `skipped`.

    `parts` are the training images: those of `data` that are not held out, then the extra images.
    """

    parts: tuple[Source, ...]
    validation: Source
    has_validation_set: bool
    skipped: tuple[str, ...]

    @property
    def train(self) -> Source:
        return self.parts[0] if len(self.parts) == 1 else Combined(self.parts)

    @property
    def labelled(self) -> bool:
        """Whether any of the training images have labels."""
        return any(part.kind != "unlabelled" for part in self.parts)

    def facts(self) -> dict[str, Any]:
        """Notes on the images for the lineage."""
        return {
            "training": {"images": len(self.train), "fingerprint": fingerprint(self.train)},
            "validation": {"images": len(self.validation), "fingerprint": fingerprint(self.validation)},
            "skipped": list(self.skipped),
        }


def open_inputs(
    config: TrainConfig | DistillConfig,
    labels: bool,
    progress: Progress,
    vector: Vector | None = None,
    ranks: Ranks = ALONE,
) -> TrainingInputs:
    """Open the images of a training.

    Args:
        labels: whether the labels of `config.data` may be read.
        vector: that is read beside each picture; None: none is.
        ranks: the processes of the training, which look through the images together.

    Raises:
        InputError: for broken images (unless they are left out), for images that training and validation share, for
            extra images with another kind of labels, and for images that are all of one class.
    """
    skipped: list[str] = []
    reading = _Reading(vector or Vector(), config.skip_bad, isinstance(config, DistillConfig), skipped, progress, ranks)
    data = reading.usable(config.data, labels)
    data = data if labels else Unlabelled(data)
    _check_several_classes(data)
    if config.validation is None:
        data, held = _hold_out(data, config.validation_share, config.seed)
    else:
        held = reading.usable(config.validation, True)
    extra = [reading.usable(location, True) for location in config.extra]
    inputs = TrainingInputs((data, *extra), held, config.validation is not None, tuple(skipped))
    if extra or inputs.has_validation_set:
        check_disjoint({"training": inputs.train, "validation": held})
    tell_classes_without_images(inputs.train, "training", progress)
    if inputs.has_validation_set:
        tell_classes_without_images(held, "validation", progress)
    return inputs


def check_kind(source: Source, task: Task, name: str) -> None:
    """Raise `InputError` if a source has labels of the other task than the model called `name`."""
    if source.kind not in (_LABEL_KINDS[task], "unlabelled"):
        raise InputError(
            f"{source.name} has {source.kind} labels, but {name} is a {task} model.",
            fix="Give text lines to a CTC model, and classes to a classifier.",
        )


def check_labels_fit(inputs: TrainingInputs, spec: ModelSpec, reads_labels: bool) -> None:
    """Raise `InputError` unless all labels suit a network of `spec`, and it sees what they belong to: images or clips.

    Args:
        reads_labels: whether the network is trained on labels.
    """
    for source in (*inputs.parts, inputs.validation):
        check_kind(source, spec.task, spec.name)
        Preprocessor(spec.preprocessing).size(source.image(0), title(source, 0))
    if inputs.validation.kind == "text" and (reads_labels or inputs.has_validation_set):
        unknown_characters(reference_texts(inputs.validation, spec), spec, inputs.validation.name)
    if inputs.validation.kind == "class":
        reference_texts(inputs.validation, spec)  # which says what classes it does not know
    for part in inputs.parts:
        if reads_labels and part.kind != "unlabelled":
            check_labels(part, spec)


def _check_several_classes(source: Source) -> None:
    """Raise `InputError` if all images are of one class: a classifier could not learn anything from them."""
    if source.kind != "class":
        return
    classes = {source.class_index(index) for index in range(len(source))}
    if len(classes) < 2:
        name = source.class_names[min(classes)]
        raise InputError(
            f"All {len(source):,} images of {source.name} are of one class, {name!r}.",
            "A sub-folder with images is taken for a class; these may be lines whose labels are elsewhere.",
            "Give at least two classes; for lines of text write labels.tsv, with a line path⇥text for each image.",
        )


@dataclass(frozen=True)
class _Reading:
    """How the sources of a training are opened."""

    vector: Vector
    skip_bad: bool
    taught: bool
    skipped: list[str]
    progress: Progress
    ranks: Ranks

    def usable(self, location: str, needs_labels: bool) -> Source:
        """The source without its broken images; their names are appended to `skipped`."""
        opened = open_by_ranks(location, self.ranks, self.progress, needs_labels)
        source = with_vector(opened, self.vector.names, self.vector.class_names, self.progress)
        usable, broken = self._without_broken(source)
        self.skipped.extend(broken)
        return usable

    def _without_broken(self, source: Source) -> tuple[Source, list[str]]:
        """Where broken images are left out, and a teacher will decode all images anyway, each is decoded now."""
        if not (self.skip_bad and self.taught):
            return without_broken(source, self.skip_bad, self.progress)
        good, broken = all_usable(source, self.ranks, self.progress)
        return Subset(source, good), broken


def _hold_out(source: Source, share: float, seed: int) -> tuple[Source, Source]:
    """Training and validation part; all copies of an image go to the same part."""
    if len(source) < 2:
        raise InputError(f"{source.name} has only {len(source)} image.", fix="Training needs at least 2.")
    group = source.facts().groups()
    held = _drawn(int(group.max()) + 1, share, seed)
    if held.all():
        raise InputError(f"All images of {source.name} are the same.", fix="Training needs at least 2 different ones.")
    numbers, held = np.arange(len(source), dtype=np.int32), held[group]
    return Subset(source, numbers[~held]), Subset(source, numbers[held])


def _drawn(count: int, share: float, seed: int) -> NDArray[np.bool_]:
    """`[count]`, of which a share is drawn, and at least one."""
    order = np.arange(count, dtype=np.int32)
    np.random.default_rng(seed).shuffle(order)
    drawn = np.zeros(count, np.bool_)
    drawn[order[: max(1, round(count * share))]] = True
    return drawn
