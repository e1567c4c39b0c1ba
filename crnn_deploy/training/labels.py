"""Checks that labels fit the charset and the frames of a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.sizes import input_sizes
from crnn_deploy.data.sources.base import Source, text_blocks
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import stride_of
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import TextEncoder

_TOO_LONG = 0.05  # with a larger share of such labels, something is wrong


def check_labels(source: Source, spec: ModelSpec) -> None:
    """Raise `InputError` unless a network of `spec` can be trained on all labels of `source`."""
    if spec.task == "classify":
        _check_classes(source, spec)
    else:
        _check_characters(source, spec)


def _check_classes(source: Source, spec: ModelSpec) -> None:
    """Raise `InputError` unless class i of the source is class i of the network; numbers suit any names."""
    ours, theirs = spec.class_names, source.class_names
    if len(theirs) != len(ours):
        raise InputError(
            f"{source.name} has {len(theirs)} classes, but {spec.name} has {len(ours)}.",
            fix="Give data with the teacher's classes.",
        )
    numbered = all(name.isdecimal() for name in ours) or all(name.isdecimal() for name in theirs)
    if theirs == ours or numbered:
        return
    number = next(i for i, (own, other) in enumerate(zip(ours, theirs, strict=True)) if own != other)
    what = "has the classes in another order than" if sorted(theirs) == sorted(ours) else "has other classes than"
    raise InputError(
        f"{source.name} {what} {spec.name}.",
        f"Class {number} is {theirs[number]!r} in the data and {ours[number]!r} in the network.",
        "Name the classes of the data as the teacher does, in its order.",
    )


def _check_characters(source: Source, spec: ModelSpec) -> None:
    encoder = TextEncoder(spec)
    bad: dict[int, list[str]] = {}
    for start, texts in text_blocks(source):
        if not encoder.has_all(texts):
            unknown = {start + place: sorted(set(encoder.unknown(text))) for place, text in enumerate(texts)}
            bad |= {index: characters for index, characters in unknown.items() if characters}
    if bad:
        first = next(iter(bad))
        characters = sorted({c for outside in bad.values() for c in outside})
        raise InputError(
            f"{len(bad)} of {len(source)} labels in {source.name} hold characters outside the charset: "
            f"{' '.join(map(repr, characters[:20]))}{' …' if len(characters) > 20 else ''}.",
            f"The first is {source.item_name(first)}: {source.text(first)!r}.",
            "Correct or remove these labels, or name all characters with --charset, or distill.charset in a recipe.",
        )


def without_too_long(source: Source, spec: ModelSpec, progress: Progress) -> tuple[Source, list[str]]:
    """The lines whose labels fit into their frames, and the names of the other lines, from which CTC can't learn.

    Raises:
        InputError: if the others are so many that the labels or the stride must be wrong.
    """
    if spec.task == "classify":
        return source, []
    stride = stride_of(spec)
    encoder = TextEncoder(spec)
    frames = input_sizes(source, spec.preprocessing) // stride
    long = [
        index
        for start, texts in text_blocks(source)
        for index in _too_long(texts, frames[start : start + len(texts)], start, encoder)
    ]
    if not long:
        return source, []
    first = long[0]
    example = (
        f"the first is {source.item_name(first)}, {source.text(first)[:60]!r}: "
        f"{frames_needed(encoder.pieces(source.text(first)))} frames are needed, and there are {frames[first]}"
    )
    if len(long) > _TOO_LONG * len(source):
        raise InputError(
            f"{len(long):,} of {len(source):,} labels in {source.name} are longer than the time axis; {example}.",
            f"A frame covers {stride} pixels of a line {spec.preprocessing.height} pixels high.",
            "Check that labels, or a teacher's readings, belong to these images; for dense text take a smaller stride.",
        )
    progress.log(f"{len(long):,} labels are longer than the time axis and left out; {example}")
    kept = np.ones(len(source), np.bool_)
    kept[long] = False
    return Subset(source, np.flatnonzero(kept)), [source.item_name(i) for i in long]


def frames_needed(pieces: Sequence[str]) -> int:
    """Number of frames that CTC needs for the texts of some classes: one for each, and one between equal ones."""
    return len(pieces) + sum(a == b for a, b in pairwise(pieces))


def _too_long(texts: Sequence[str], frames: NDArray[np.int32], start: int, encoder: TextEncoder) -> Iterator[int]:
    """The indices, counted from `start`, of texts that need more than their `frames`."""
    likely = range(len(texts))
    if encoder.has_all(texts):
        likely = np.flatnonzero(_most_frames(texts, encoder) > frames).tolist()
    for place in likely:
        if frames_needed(encoder.pieces(texts[place])) > frames[place]:
            yield start + place


def _most_frames(texts: Sequence[str], encoder: TextEncoder) -> NDArray[np.int64]:
    """Frames that each text needs if every character of it is a class: one more for each that repeats the one before.

    Computed for all texts at once, which takes a tenth of the time.
    """
    codes = np.frombuffer(encoder.formed("\n".join(["", *texts, ""])).encode("utf-32-le"), np.uint32)
    ends = np.flatnonzero(codes == ord("\n"))
    repeated = np.zeros(len(codes), np.int32)
    np.cumsum(codes[1:] == codes[:-1], dtype=np.int32, out=repeated[1:])
    needed: NDArray[np.int64] = np.diff(ends) - 1 + repeated[ends[1:] - 1] - repeated[ends[:-1]]
    return needed
