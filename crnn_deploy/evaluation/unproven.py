"""Readings that prove nothing: a model that reads nothing has no error to rise, and every copy reads the same.

All verbs that compare a model with its parent ask this file, so that all say it in the same words.
"""

from __future__ import annotations

from collections.abc import Sequence

from crnn_deploy import units
from crnn_deploy.evaluation.metrics import Ratio, text_ratios
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


class Tally:
    """What the readings of many images have in common, without keeping them."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.count = 0
        self._with_text = 0
        self._first = ""
        self._alike = True

    def add(self, text: str) -> None:
        """Count what is read in one image, or its name of the class."""
        self._first = self._first if self.count else text
        self._alike = self._alike and text == self._first
        self._with_text += bool(text.strip())
        self.count += 1

    def why_unproven(self) -> str:
        """Why what a model reads proves nothing, such as `reads nothing in any of 12 images`; empty where it does."""
        several_alike = self.count > 1 and self._alike
        if self._task == "classify":
            same = f"gives each of {self.count:,} images the same class, {self._first[:40]!r}"
            return same if several_alike else ""
        if self.count and not self._with_text:
            return f"reads nothing in {_any_of(self.count)}"
        if self.count and self._with_text <= FEW * self.count:
            return f"reads almost nothing: it finds text in {self._with_text} of {self.count:,} images"
        return f"reads the same in each of {self.count:,} images: {self._first[:40]!r}" if several_alike else ""


def why_unproven(task: Task, texts: Sequence[str], references: Sequence[str] | None = None) -> str:
    """As `Tally.why_unproven`, and whether what a model reads is almost all wrong.

    Args:
        texts: what it reads in each image, or its name of the class.
        references: the labels, where there are some.
    """
    tally = Tally(task)
    for text in texts:
        tally.add(text)
    found = tally.why_unproven()
    if found or references is None or not texts or task != "ctc":
        return found
    return little_right(text_ratios(references, texts)["cer_ci"])


def little_right(errors: Ratio) -> str:
    """Whether what a model reads is almost all wrong, by its `cer_ci`: in words, or empty."""
    if len(errors.counted) and errors.value >= 1 - FEW:
        count = len(errors.counted)
        return f"reads almost nothing right: its CER is {units.percent(errors.value)} on {count:,} images"
    return ""


def _any_of(count: int) -> str:
    return "the only image" if count == 1 else f"any of {count:,} images"
