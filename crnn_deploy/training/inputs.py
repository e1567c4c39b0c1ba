"""The images of a training: opened, checked against each other and the losses, and split if need be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from crnn_deploy.data import Combined, Source, Subset, check_disjoint, fingerprint, open_source
from crnn_deploy.data.checking import without_broken
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.training.config import TrainingImages, TrainingOptions

Task = Literal["ctc", "classify"]

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


def open_inputs(images: TrainingImages, options: TrainingOptions, progress: Progress) -> TrainingInputs:
    """Open the images of a training.

    Raises:
        InputError: for broken images (unless they are left out), images that training and validation share, and extra
            ones with other labels.
    """
    skipped: list[str] = []
    train = _usable(images.data, options.skip_bad, skipped, progress)
    if images.validation is None:
        train, held = _hold_out(train, options.validation_share, options.seed)
    else:
        held = _usable(images.validation, options.skip_bad, skipped, progress)
    if images.extra is not None:
        train = Combined([train, _usable(images.extra, options.skip_bad, skipped, progress)])
    if images.validation is not None or images.extra is not None:
        check_disjoint({"training": train, "validation": held})
    return TrainingInputs(train, held, images.validation is not None, tuple(skipped))


def check_kind(source: Source, task: Task, name: str) -> None:
    """Raise `InputError` if a source has labels of the other task than the model called `name`."""
    if source.kind not in (_LABEL_KINDS[task], "unlabelled"):
        raise InputError(
            f"{source.name} has {source.kind} labels, but {name} is a {task} model.",
            fix="Give text lines to a CTC model, and classes to a classifier.",
        )


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
