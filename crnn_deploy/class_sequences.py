"""Texts that several classes in a row stand for, such as a character that a model spells by its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated

from crnn_deploy import limits
from crnn_deploy.plain_values import Bounds
from crnn_deploy.record import Record, field

_Class = Annotated[int, Bounds(ge=0, le=limits.MAX_CLASSES)]


class ClassSequence(Record):
    """Classes that stand for a text only together and in this order."""

    classes: tuple[_Class, ...] = field(
        min_length=2, max_length=limits.MAX_CLASS_TEXT, description="Classes of the head, in their order."
    )
    text: str = field(max_length=limits.MAX_CLASS_TEXT, description="The text that they stand for together.")


def check_sequences(sequences: Sequence[ClassSequence], alphabet: Sequence[str], blank: int) -> None:
    """Raise `ValueError` if a class is missing or the blank, or a reading could be divided in two ways.

    That it can be in only one way needs that no sequence begins with another, or with a class that has a text.
    """
    for sequence in sequences:
        if max(sequence.classes) >= len(alphabet) or blank in sequence.classes:
            raise ValueError(f"the sequence of {sequence.text!r} has the blank or a class that does not exist")
        if alphabet[sequence.classes[0]]:
            raise ValueError(f"the sequence of {sequence.text!r} begins with a class that has a text itself")
    for first, second in pairwise(sorted(sequences, key=lambda one: one.classes)):
        if second.classes[: len(first.classes)] == first.classes:
            raise ValueError(f"the sequence of {second.text!r} begins with that of {first.text!r}")


def divided(classes: Sequence[int], sequences: Sequence[ClassSequence]) -> Iterator[int | str]:
    """Classes one after the other, with the text in place of each sequence."""
    for start, _, sequence in groups(classes, sequences):
        yield classes[start] if sequence is None else sequence.text


def groups(
    classes: Sequence[int], sequences: Sequence[ClassSequence]
) -> Iterator[tuple[int, int, ClassSequence | None]]:
    """Where each class, or each sequence of them, begins, and the index after its last class."""
    by_start: dict[int, list[ClassSequence]] = {}
    for sequence in sequences:
        by_start.setdefault(sequence.classes[0], []).append(sequence)
    at = 0
    while at < len(classes):
        candidates = by_start.get(classes[at], [])
        found = next((one for one in candidates if tuple(classes[at : at + len(one.classes)]) == one.classes), None)
        end = at + (1 if found is None else len(found.classes))
        yield at, end, found
        at = end
