"""What is in a data set, from its index and its labels; no image is opened where the index is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.index.keeping import kept_indexes
from crnn_deploy.data.overlap import shared_images
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import split_location
from crnn_deploy.folders import bytes_in
from crnn_deploy.inspection.source.description import Quantiles, Shared, Sizes, Some, SourceDescription, WidthBin
from crnn_deploy.inspection.source.doubles import find_doubles
from crnn_deploy.inspection.source.labels import label_facts, read_texts
from crnn_deploy.progress import Progress

_HEIGHT = 32
_BOUNDS = (0, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
_NAMED = 5


def describe_source(
    source: Source, location: str, remarks: Sequence[str], other: Source | None, progress: Progress
) -> SourceDescription:
    """Describe an opened source.

    Args:
        location: from which it was opened.
        remarks: what was said then.
        other: another source, whose images are compared with those of the first.
    """
    facts = source.facts(progress)
    texts = read_texts(source, progress) if source.kind == "text" else None
    classes = _classes(source) if source.kind == "class" else None
    place = Path(split_location(location)[1])
    return SourceDescription(
        path=location,
        kind=source.kind,
        size_bytes=bytes_in(place.resolve()),
        images=len(source),
        sizes=_sizes(facts),
        labels=label_facts(texts) if texts is not None else None,
        classes=_class_counts(source, classes) if classes is not None else {},
        doubles=find_doubles(source, facts, texts.codes if texts is not None else classes),
        broken=_some(source, facts.broken),
        animated=_some(source, facts.animated),
        vector_names=source.vector_names,
        remarks=tuple(remarks),
        index=tuple(kept_indexes(place)),
        shared=None if other is None else _shared(source, facts, other, progress),
    )


def _sizes(facts: Facts) -> Sizes:
    known = facts.height > 0
    height, width = facts.height[known], facts.width[known]
    at_32 = np.maximum(1, np.rint(width * (_HEIGHT / height))).astype(np.int64)
    counts = np.bincount(np.searchsorted(_BOUNDS, at_32) - 1, minlength=len(_BOUNDS)).tolist()
    bins = [
        WidthBin(above=above, up_to=up_to, images=count)
        for above, up_to, count in zip(_BOUNDS, (*_BOUNDS[1:], None), counts, strict=True)
    ]
    filled = [place for place, count in enumerate(counts) if count]
    return Sizes(
        height=Quantiles.of(height),
        width=Quantiles.of(width),
        width_at_32=Quantiles.of(at_32),
        widths_at_32=tuple(bins[filled[0] : filled[-1] + 1]) if filled else (),
    )


def _classes(source: Source) -> NDArray[np.int64]:
    return np.fromiter(map(source.class_index, range(len(source))), np.int64, len(source))


def _class_counts(source: Source, classes: NDArray[np.int64]) -> dict[str, int]:
    """How many images each class has, in the order of the classes."""
    counts = np.bincount(classes, minlength=len(source.class_names)).tolist()
    return dict(zip(source.class_names, counts, strict=True))


def _some(source: Source, chosen: NDArray[np.bool_]) -> Some:
    indices = np.flatnonzero(chosen)
    return Some(count=len(indices), examples=tuple(source.item_name(index) for index in indices[:_NAMED].tolist()))


def _shared(source: Source, facts: Facts, other: Source, progress: Progress) -> Shared:
    others = other.facts(progress)
    shared = np.flatnonzero(shared_images(facts, others))
    return Shared(
        data=other.name,
        images=len(shared),
        images_there=int(shared_images(others, facts).sum()),
        examples=tuple(source.item_name(index) for index in shared[:_NAMED].tolist()),
    )
