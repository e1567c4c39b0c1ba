"""Finds images of the same content in a source, and whether their labels contradict each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.sources.base import Source
from crnn_deploy.inspection.source.description import Double, Doubles

_EXAMPLES = 5
_MEMBERS = 4  # of an example


def find_doubles(source: Source, facts: Facts, labels: NDArray[np.int64] | None) -> Doubles:
    """The images whose content occurs several times; files that can't be read have none.

    Args:
        labels: `[N]`, the same number for equal labels; None where there are no labels.
    """
    group = facts.groups()
    first = np.flatnonzero(np.diff(np.maximum.accumulate(group), prepend=-1))  # they count up where a content is new
    read = facts.content.any(axis=1)
    sizes = np.bincount(group[read], minlength=len(first))
    several = sizes > 1
    differs = np.zeros(len(facts), bool) if labels is None else labels != labels[first[group]]
    contradicting = several & (np.bincount(group[differs & read], minlength=len(first)) > 0)
    shown = [*np.flatnonzero(contradicting)[:_EXAMPLES], *np.flatnonzero(several & ~contradicting)[:_EXAMPLES]]
    return Doubles(
        contents=int(several.sum()),
        images=int(sizes[several].sum()),
        contradicting=int(contradicting.sum()),
        examples=tuple(
            _example(source, group == number, differs, bool(contradicting[number])) for number in shown[:_EXAMPLES]
        ),
    )


def _example(source: Source, members: NDArray[np.bool_], differs: NDArray[np.bool_], contradicting: bool) -> Double:
    """The first images of a content; where their labels contradict each other, the first and some that differ."""
    if contradicting:
        indices = [*np.flatnonzero(members & ~differs)[:1], *np.flatnonzero(members & differs)[: _MEMBERS - 1]]
    else:
        indices = list(np.flatnonzero(members)[:_MEMBERS])
    return Double(
        images=tuple(source.item_name(int(index)) for index in indices),
        labels=tuple(dict.fromkeys(label for index in indices for label in _label(source, int(index)))),
        count=int(members.sum()),
        contradicting=contradicting,
    )


def _label(source: Source, index: int) -> tuple[str, ...]:
    """The label of an image, if it has one."""
    if source.kind == "unlabelled":
        return ()
    return (source.class_names[source.class_index(index)] if source.kind == "class" else source.text(index),)
