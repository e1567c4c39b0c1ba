"""What `crnn-deploy inspect` shows of a data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crnn_deploy.data.index.keeping import KEPT_FROM
from crnn_deploy.inspection.source.description import (
    Doubles,
    LabelFacts,
    Quantiles,
    Shared,
    Some,
    SourceDescription,
    WidthBin,
)
from crnn_deploy.inspection.source.labels import RARE
from crnn_deploy.units import counted, images, size

Row = tuple[str, str | Sequence[str]]

_KINDS = {"text": "lines of text", "class": "pictures with classes", "unlabelled": "images without labels"}
_MOST_CHARACTERS = 20
_MOST_CLASSES = 20
_NOT_KEPT = f"not kept, as only that of a file or a folder with {KEPT_FROM:,} images or more is"
_BAR = 30  # characters of the longest bar


def source_rows(d: SourceDescription) -> Iterator[Row]:
    """Name and value of each fact."""
    yield "data set", f"{d.path} ({size(d.size_bytes)})"
    yield "kind", _KINDS[d.kind]
    yield "images", f"{d.images:,}"
    for name, spread in (("height", d.sizes.height), ("width", d.sizes.width)):
        if spread is not None:
            yield name, _spread(spread, "pixels")
    if d.sizes.width_at_32 is not None:
        yield "width at height 32", [_spread(d.sizes.width_at_32, "pixels"), *_bars(d.sizes.widths_at_32)]
    if d.labels is not None:
        yield from _label_rows(d.labels)
    if d.classes:
        yield "classes", [f"{len(d.classes):,}: {_counts(d.classes, _MOST_CLASSES)}"]
    yield "doubles", _doubles(d.doubles, labelled=d.kind != "unlabelled")
    for name, some in (("broken", d.broken), ("several frames", d.animated)):
        if some.count:
            yield name, _some(some)
    if d.vector_names:
        yield "numbers beside", ", ".join(d.vector_names)
    if d.shared is not None:
        yield "shared", _shared(d.shared)
    yield "index", [f"kept in {folder}" for folder in d.index] or _NOT_KEPT


def _label_rows(labels: LabelFacts) -> Iterator[Row]:
    empty = f"{labels.empty:,} of them empty" if labels.empty else "none of them empty"
    yield "texts", [_spread(labels.length, "characters"), f"{labels.different:,} different ones; {empty}"]
    characters = labels.characters
    if characters:
        rare = f", {labels.rare:,} of them less than {RARE} times" if labels.rare else ""
        yield "characters", f"{len(characters):,}{rare}"
        yield "most frequent", _counts(characters, _MOST_CHARACTERS)
        if len(characters) > _MOST_CHARACTERS:
            yield "rarest", _counts(dict(list(characters.items())[: -_MOST_CHARACTERS - 1 : -1]), _MOST_CHARACTERS)
        yield "scripts", _counts(labels.scripts, len(labels.scripts))


def _spread(q: Quantiles, unit: str) -> str:
    if q.least == q.greatest:
        return f"all {q.least:,} {unit}"
    return f"{q.least:,}–{q.greatest:,} {unit}; 10 % ≤ {q.p10:,}, median {q.median:,}, 90 % ≤ {q.p90:,}"


def _bars(bins: Sequence[WidthBin]) -> Iterator[str]:
    """A line for each bin, with a bar as long as its share of the fullest one."""
    most = max((each.images for each in bins), default=0)
    names = [f"over {each.above:,}" if each.up_to is None else f"{each.above + 1:,}–{each.up_to:,}" for each in bins]
    for name, each in zip(names, bins, strict=True):
        length = -(-_BAR * each.images // most)
        yield f"{name:>{max(map(len, names))}}  {each.images:>{len(f'{most:,}')},}  {'█' * length}".rstrip()


def _counts(counts: dict[str, int], most: int) -> str:
    shown = [f"{'space' if name == ' ' else name} ×{count:,}" for name, count in list(counts.items())[:most]]
    return ", ".join(shown) + (" …" if len(counts) > most else "")


def _doubles(doubles: Doubles, labelled: bool) -> list[str]:
    if not doubles.contents:
        return ["none"]
    same = doubles.contents - doubles.contradicting
    labels = f": {same:,} with one label, {doubles.contradicting:,} with contradicting ones" if labelled else ""
    lines = [f"{images(doubles.images)} have {counted(doubles.contents, 'content')}{labels}"]
    for each in doubles.examples:
        more = f" … {each.count} in all" if each.count > len(each.images) else ""
        texts = f": {', '.join(map(repr, each.labels))}" if each.labels else ""
        lines.append(f"{' = '.join(each.images)}{more}{texts}")
    return lines


def _some(some: Some) -> str:
    return f"{some.count:,}: {', '.join(some.examples)}{' …' * (some.count > len(some.examples))}"


def _shared(shared: Shared) -> str:
    if not shared.images:
        return f"no image with {shared.data}"
    return f"{images(shared.images)} with {shared.data} ({shared.images_there:,} there), such as {shared.examples[0]}"
