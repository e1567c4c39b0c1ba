"""Readings that prove nothing: a model that reads nothing has no error to rise, and every copy reads the same.

All verbs that compare a model with its parent ask this file, so that all say it in the same words.
"""

from __future__ import annotations

from collections.abc import Sequence

from crnn_deploy import units
from crnn_deploy.evaluation.metrics import text_ratios
from crnn_deploy.spec import Task

CONSTANT = "gives the same outputs for every image"
"""What proves nothing either, and is seen in the logits only."""

FEW = 0.1
"""Share of images with any text, and of characters read right, up to which a model reads almost nothing."""


def not_proved(who: str, why: str) -> str:
    """The first line about a reading that proves nothing, as `Not proved: the model reads nothing in any of 12 images`;
    empty where `why` is.

    Args:
        who: such as `the model`.
        why: by `why_unproven`, or `CONSTANT`.
    """
    return f"Not proved: {who} {why}" if why else ""


def why_unproven(task: Task, texts: Sequence[str], references: Sequence[str] | None = None) -> str:
    """Why what a model reads proves nothing, such as `reads nothing in any of 12 images`; empty where it proves some.

    Args:
        texts: what it reads in each image, or its name of the class.
        references: the labels, where there are some.
    """
    if not texts:
        return ""
    if task == "classify":
        return _one_class(texts)
    return _little_text(texts) or _one_text(texts) or _little_right(texts, references)


def _little_text(texts: Sequence[str]) -> str:
    count = sum(bool(text.strip()) for text in texts)
    if count == 0:
        return f"reads nothing in {_any_of(len(texts))}"
    if count <= FEW * len(texts):
        return f"reads almost nothing: it finds text in {count} of {len(texts):,} images"
    return ""


def _one_text(texts: Sequence[str]) -> str:
    if len(texts) > 1 and len(set(texts)) == 1:
        return f"reads the same in each of {len(texts):,} images: {texts[0][:40]!r}"
    return ""


def _little_right(texts: Sequence[str], references: Sequence[str] | None) -> str:
    if references is None:
        return ""
    error = text_ratios(references, texts)["cer_ci"].value
    if error >= 1 - FEW:
        return f"reads almost nothing right: its CER is {units.percent(error)} on {len(texts):,} images"
    return ""


def _one_class(names: Sequence[str]) -> str:
    if len(names) > 1 and len(set(names)) == 1:
        return f"gives each of {len(names):,} images the same class, {names[0][:40]!r}"
    return ""


def _any_of(count: int) -> str:
    return "the only image" if count == 1 else f"any of {count:,} images"
