"""Example lines for the report, chosen to show where the variants differ."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

import numpy as np
from PIL import Image
from rapidfuzz.distance import Levenshtein

from crnn_deploy.data.clip import Clip, ImageOrClip
from crnn_deploy.data.picture import picture
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.report.run.report import ExampleLine
from crnn_deploy.report.run.spelling import same

SEED = 0
SHORT = 6
THUMBNAIL = (640, 44)


def build_examples(
    source: Source, evaluations: Mapping[str, Evaluation], count: int, worst: int = 0
) -> tuple[ExampleLine, ...]:
    """Pick `count` lines that every evaluation has read, the same ones each time.

    Takes in turn lines that the last variant reads better than the first, worse, both wrong in different ways, and
    right by all. That shows what changed; it is not a fair sample.

    Args:
        source: the images that were evaluated.
        evaluations: variant name → what it read, the baseline first.
        count: number of lines; fewer come back where the source holds fewer.
        worst: besides, as many of the worst errors of the last evaluation, as far as they are not among those lines.
    """
    readings: dict[str, dict[str, str]] = {}
    references: dict[str, str] = {}
    for name, evaluation in evaluations.items():
        for prediction in evaluation.predictions:
            readings.setdefault(prediction.item, {})[name] = prediction.text
            references[prediction.item] = prediction.reference
    shared = [item for item, texts in readings.items() if len(texts) == len(evaluations)]
    picked = _pick(shared, references, readings, count)
    last = {item: list(texts.values())[-1] for item, texts in readings.items()}
    picked += [item for item in worst_errors(shared, references, last)[:worst] if item not in picked]
    positions = {source.item_name(index): index for index in range(len(source))}
    return tuple(
        ExampleLine(
            item=item,
            reference=references[item],
            readings=readings[item],
            image=thumbnail(source.image(positions[item]), title(source, positions[item])),
        )
        for item in picked
    )


def worst_errors(items: Sequence[str], references: Mapping[str, str], texts: Mapping[str, str]) -> list[str]:
    """The items that are read wrong, those with the largest share of wrong characters first; case is ignored."""
    wrong = [item for item in items if not same(references[item], texts[item])]
    shares = {i: Levenshtein.normalized_distance(references[i].casefold(), texts[i].casefold()) for i in wrong}
    return sorted(wrong, key=lambda item: -shares[item])


def thumbnail(image: ImageOrClip, name: str) -> str:
    """The image, or the first still, as a small PNG data URI. Raises `InputError` naming it if it is broken."""
    image = image.first() if isinstance(image, Clip) else image
    small = picture(image, name, "L" if image.mode in ("1", "L") else "RGB")
    small.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _pick(
    items: list[str], references: Mapping[str, str], readings: Mapping[str, Mapping[str, str]], count: int
) -> list[str]:
    groups: dict[str, list[str]] = {"better": [], "worse": [], "differ": [], "right": [], "alike": []}
    shuffled = np.random.default_rng(SEED).permutation(np.array(items, dtype=object))
    for item in sorted(shuffled, key=lambda item: len(references[item]) < SHORT):  # a price or a "RM" shows little
        groups[_outcome(references[item], list(readings[item].values()))].append(item)
    alike = groups.pop("alike")
    return [*_in_turn(groups.values()), *alike][:count]


def _outcome(reference: str, texts: list[str]) -> str:
    first, last = same(reference, texts[0]), same(reference, texts[-1])
    if all(same(reference, text) for text in texts):
        return "right"
    if first != last:
        return "better" if last else "worse"
    return "differ" if len(set(texts)) > 1 else "alike"


def _in_turn(groups: Iterable[list[str]]) -> Iterator[str]:
    for turn in zip_longest(*groups):
        yield from (item for item in turn if item is not None)
