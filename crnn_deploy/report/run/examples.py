"""Example lines for the report, chosen to show where the variants differ."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.clip import Clip, ImageOrClip
from crnn_deploy.data.picture import picture
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.evaluation.prediction_rows import Prediction
from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.report.run.report import ExampleLine
from crnn_deploy.report.run.wrong import worst_first

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
    read = {name: evaluation.predictions for name, evaluation in evaluations.items()}
    shared = reduce(np.intersect1d, (each.column("index") for each in read.values()))
    places = {name: np.searchsorted(each.column("index"), shared) for name, each in read.items()}
    picked = _pick(list(read.values()), list(places.values()), count)
    last = list(read)[-1]
    errors = worst_first(read[last])
    of_shared = np.searchsorted(places[last], errors[np.isin(errors, places[last])])
    picked += [place for place in of_shared[:worst].tolist() if place not in picked]
    return tuple(_example(source, {name: read[name][int(places[name][place])] for name in read}) for place in picked)


def _example(source: Source, predictions: Mapping[str, Prediction]) -> ExampleLine:
    """One line, and what each variant reads in it."""
    last = list(predictions.values())[-1]
    index = last.index or 0
    return ExampleLine(
        item=last.item,
        reference=last.reference,
        readings={name: prediction.text for name, prediction in predictions.items()},
        image=thumbnail(source.image(index), title(source, index)),
    )


def thumbnail(image: ImageOrClip, name: str) -> str:
    """The image, or the first still, as a small PNG data URI. Raises `InputError` naming it if it is broken."""
    image = image.first() if isinstance(image, Clip) else image
    small = picture(image, name, "L" if image.mode in ("1", "L") else "RGB")
    small.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _pick(read: Sequence[Predictions], places: Sequence[NDArray[np.intp]], count: int) -> list[int]:
    """Which of the lines that all have read, by their number.

    Args:
        read: what each variant has read.
        places: of these lines in each of them, `[N]`.
    """
    shuffled = np.random.default_rng(SEED).permutation(len(places[0]))
    short = read[-1].column("length")[places[-1]][shuffled] < SHORT  # a price or a "RM" shows little
    order = shuffled[np.argsort(short, kind="stable")]
    right = np.stack([each.column("right_ci")[here] for each, here in zip(read, places, strict=True)])
    texts = np.stack([each.column("reading")[here] for each, here in zip(read, places, strict=True)])
    by_all, first, last = right.all(axis=0), right[0], right[-1]
    both_wrong, differ = ~by_all & (first == last), np.ptp(texts, axis=0) > 0
    groups = [last & ~first, first & ~last, both_wrong & differ, by_all]
    alike = both_wrong & ~differ
    *turns, rest = (order[group[order]][:count].tolist() for group in (*groups, alike))
    return [*_in_turn(turns), *rest][:count]


def _in_turn(groups: Iterable[Sequence[int]]) -> Iterator[int]:
    for turn in zip_longest(*groups):
        yield from (place for place in turn if place is not None)
