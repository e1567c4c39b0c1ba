"""Checks that labels fit the charset and the frames of a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
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
    unknown = {i: sorted(set(encoder.unknown(source.text(i)))) for i in range(len(source))}
    bad = {i: characters for i, characters in unknown.items() if characters}
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
    needed = [frames_needed(encoder.pieces(source.text(i))) for i in range(len(source))]
    long = [i for i in range(len(source)) if needed[i] > _frames(source, i, spec, stride)]
    if not long:
        return source, []
    first = long[0]
    example = (
        f"the first is {source.item_name(first)}, {source.text(first)[:60]!r}: "
        f"{needed[first]} frames are needed, and there are {_frames(source, first, spec, stride)}"
    )
    if len(long) > _TOO_LONG * len(source):
        raise InputError(
            f"{len(long):,} of {len(source):,} labels in {source.name} are longer than the time axis; {example}.",
            f"A frame covers {stride} pixels of a line {spec.preprocessing.height} pixels high.",
            "Check that labels, or a teacher's readings, belong to these images; for dense text take a smaller stride.",
        )
    progress.log(f"{len(long):,} labels are longer than the time axis and left out; {example}")
    kept = sorted(set(range(len(source))) - set(long))
    return Subset(source, kept), [source.item_name(i) for i in long]


def frames_needed(pieces: Sequence[str]) -> int:
    """Number of frames that CTC needs for the texts of some classes: one for each, and one between equal ones."""
    return len(pieces) + sum(a == b for a, b in pairwise(pieces))


def _frames(source: Source, index: int, spec: ModelSpec, stride: int) -> int:
    return Preprocessor(spec.preprocessing).size(source.image(index)) // stride
