"""The images of a training: opened, checked against each other and the losses, and split if need be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crnn_deploy.data import Combined, Source, Subset, check_disjoint, fingerprint, open_source
from crnn_deploy.data.checking import without_broken
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.references import reference_texts, unknown_characters
from crnn_deploy.models import stride_of
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec, Task
from crnn_deploy.training.config import DistillConfig, TrainConfig
from crnn_deploy.training.labels import check_labels, without_too_long

_LABEL_KINDS = {"ctc": "text", "classify": "class"}


@dataclass(frozen=True)
class TrainingInputs:
    """Sources without broken images, whose names are in `skipped`."""

    train: Source
    validation: Source
    validation_given: bool
    skipped: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """What the lineage tells of them."""
        return {
            "training": {"images": len(self.train), "fingerprint": fingerprint(self.train)},
            "validation": {"images": len(self.validation), "fingerprint": fingerprint(self.validation)},
            "skipped": list(self.skipped),
        }


def open_inputs(config: TrainConfig | DistillConfig, progress: Progress) -> TrainingInputs:
    """Open the images of a training.

    Raises:
        InputError: for broken images (unless they are left out), images that training and validation share, and extra
            ones with other labels.
    """
    skipped: list[str] = []
    train = _usable(config.data, config.skip_bad, skipped, progress)
    if config.validation is None:
        train, held = _hold_out(train, config.validation_share, config.seed)
    else:
        held = _usable(config.validation, config.skip_bad, skipped, progress)
    if config.extra is not None:
        train = Combined([train, _usable(config.extra, config.skip_bad, skipped, progress)])
    if config.validation is not None or config.extra is not None:
        check_disjoint({"training": train, "validation": held})
    return TrainingInputs(train, held, config.validation is not None, tuple(skipped))


def check_kind(source: Source, task: Task, name: str) -> None:
    """Raise `InputError` if a source has labels of the other task than the model called `name`."""
    if source.kind not in (_LABEL_KINDS[task], "unlabelled"):
        raise InputError(
            f"{source.name} has {source.kind} labels, but {name} is a {task} model.",
            fix="Give text lines to a CTC model, and classes to a classifier.",
        )


def learnable(
    inputs: TrainingInputs, spec: ModelSpec, reads_labels: bool, progress: Progress
) -> tuple[Source, list[str]]:
    """The training images that a network of `spec` can learn from, and the names of those whose labels are too long.

    Raises:
        InputError: if their labels, or those of the validation images, don't fit the network.
    """
    for source in (inputs.train, inputs.validation):
        check_kind(source, spec.task, spec.name)
    if inputs.validation.kind == "text" and (reads_labels or inputs.validation_given):
        unknown_characters(reference_texts(inputs.validation, spec), spec, inputs.validation.name)
    if not reads_labels:
        return inputs.train, []
    check_labels(inputs.train, spec)
    if spec.task == "classify":
        return inputs.train, []
    return without_too_long(inputs.train, spec, stride_of(spec), progress)


def _usable(location: str, skip_bad: bool, skipped: list[str], progress: Progress) -> Source:
    """The source without its broken images; their names are appended to `skipped`."""
    usable, broken = without_broken(open_source(location), skip_bad, progress)
    skipped += broken
    return usable


def _hold_out(source: Source, share: float, seed: int) -> tuple[Source, Source]:
    """Training and validation part; copies of one image all go to the same part."""
    if len(source) < 2:
        raise InputError(f"{source.name} has only {len(source)} image.", fix="Training needs at least 2.")
    groups: dict[bytes, list[int]] = {}
    for i in range(len(source)):
        groups.setdefault(source.content_hash(i), []).append(i)
    contents = list(groups.values())
    held = max(1, round(len(contents) * share))
    order = np.random.default_rng(seed).permutation(len(contents))
    parts = [sorted(i for c in chosen for i in contents[c]) for chosen in (order[held:], order[:held])]
    if not parts[0]:
        raise InputError(f"All images of {source.name} are the same.", fix="Training needs at least 2 different ones.")
    return Subset(source, parts[0]), Subset(source, parts[1])
