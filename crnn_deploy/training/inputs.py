"""The images of a training: opened, checked against the model and each other, and split if need be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crnn_deploy.data import Source, Subset, check_disjoint, open_source
from crnn_deploy.data.checking import without_broken
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.references import reference_texts, unknown_characters
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.config import DistillConfig

_LABEL_KINDS = {"ctc": "text", "classify": "class"}


@dataclass(frozen=True)
class TrainingInputs:
    """Sources without broken images. `use_labels` says whether the training set's labels are there and wanted."""

    train: Source
    validation: Source
    use_labels: bool
    validation_given: bool
    skipped: tuple[str, ...]


def prepare(config: DistillConfig, spec: ModelSpec, progress: Progress) -> TrainingInputs:
    """Open and check the data of `config` for a model of `spec`.

    Raises:
        InputError: for data that don't fit the model, characters outside its charset, broken images (unless
            `config.skip_bad`), and images that training and validation share.
    """
    skipped: list[str] = []
    train = _usable(open_source(config.data), spec, config.skip_bad, skipped, progress)
    if config.validation is None:
        train, validation = _hold_out(train, config.validation_share, config.seed)
    else:
        validation = _usable(open_source(config.validation), spec, config.skip_bad, skipped, progress)
        check_disjoint({"training": train, "validation": validation})
    use_labels = config.use_labels and train.kind != "unlabelled"
    if validation.kind == "text" and (use_labels or config.validation is not None):
        unknown_characters(reference_texts(validation, spec), spec, validation.name)
    if use_labels:
        _check_labels(train, spec)
    elif config.teacher_weight == 0:
        raise InputError(
            "There is nothing to learn from.", "No labels are used and teacher_weight is 0.", "Allow one of the two."
        )
    return TrainingInputs(train, validation, use_labels, config.validation is not None, tuple(skipped))


def _usable(source: Source, spec: ModelSpec, skip_bad: bool, skipped: list[str], progress: Progress) -> Source:
    """The source without its broken images; their names are appended to `skipped`."""
    if source.kind not in (_LABEL_KINDS[spec.task], "unlabelled"):
        raise InputError(
            f"{source.name} has {source.kind} labels, but {spec.name} is a {spec.task} model.",
            fix="Give text lines to a CTC model, and classes to a classifier.",
        )
    usable, broken = without_broken(source, skip_bad, progress)
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


def _check_labels(source: Source, spec: ModelSpec) -> None:
    if spec.task == "classify":
        if len(source.class_names) != spec.num_outputs:
            raise InputError(
                f"{source.name} has {len(source.class_names)} classes, but {spec.name} has {spec.num_outputs}.",
                fix="Give data with the teacher's classes.",
            )
        return
    known = set(spec.charset)
    bad = {i: sorted(set(source.text(i)) - known) for i in range(len(source)) if not known.issuperset(source.text(i))}
    if bad:
        first = next(iter(bad))
        characters = sorted({c for found in bad.values() for c in found})
        raise InputError(
            f"{len(bad)} of {len(source)} labels in {source.name} hold characters outside the charset: "
            f"{' '.join(map(repr, characters[:20]))}{' …' if len(characters) > 20 else ''}.",
            f"The first is {source.item_name(first)}: {source.text(first)!r}.",
            "Correct or remove these labels, or choose a teacher with a charset that fits.",
        )
