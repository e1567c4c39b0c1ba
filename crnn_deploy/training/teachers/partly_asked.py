"""Answers of a teacher that is asked for a share of the images, because it is slow or the images are many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crnn_deploy.data.sources.base import Source
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.training.teachers.answers import Answer, Answers
from crnn_deploy.training.teachers.likeliest import Likeliest


def items_to_ask(source: Source, share: float, progress: Progress) -> Sequence[int]:
    """The images that a teacher is asked for: those whose content hash is below the share of all hashes.

    So the same images are asked for in every training, whatever stands beside them.

    Raises:
        InputError: if there are none.
    """
    bound = int(share * 2**64)
    contents = source.facts(progress).contents()
    asked = [item for item, content in enumerate(contents) if int.from_bytes(content[:8], "big") < bound]
    if not asked:
        raise InputError(
            f"None of the {len(contents):,} images of {source.name} falls into the share {share:g} of --ask-share.",
            fix="Ask for a larger share (distill.ask_share).",
        )
    return asked


class PartlyAsked:
    """An answer for each item of a source: the teacher's, or one that no loss learns from.

    Args:
        answers: for the items that the teacher was asked for, in their order.
        items: which these are.
        blank: class of the frames of other answers, which are not trusted.
    """

    def __init__(self, answers: Answers, items: Sequence[int], blank: int) -> None:
        self._answers = answers
        self._place = {item: place for place, item in enumerate(items)}
        frame = Likeliest(np.full((1, 1), blank), np.zeros((1, 1), np.float32), np.full(1, -np.inf, np.float32))
        self._nothing = Answer(frame, np.zeros(1, bool), np.empty(0, np.int64), confidence=0.0)

    def __getitem__(self, item: int) -> Answer:
        place = self._place.get(item)
        return self._nothing if place is None else self._answers[place]
