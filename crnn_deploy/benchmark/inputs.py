"""The images that artifacts are timed on: real images of typical shapes, or a grey line without data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
from PIL import Image

from crnn_deploy.data.clip import Clip, ImageOrClip
from crnn_deploy.data.network_inputs import NetworkInput, beside
from crnn_deploy.data.picture import seen_size
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.errors import InputError

MEDIAN = "median"
SYNTHETIC = "100x32"
QUANTILES = {MEDIAN: 0.5, "narrow": 0.25, "wide": 0.9}
SURVEYED_IMAGES = 2000


@dataclass(frozen=True)
class Bucket:
    """Images, or clips, of one shape, as (name, image), nearest to that shape first."""

    label: str
    images: list[tuple[str, ImageOrClip]]


def data_buckets(source: Source, images: int) -> list[Bucket]:
    """The `images` images nearest to the 50 %, 25 % and 90 % quantiles of the data's aspect ratios, in this order; of
    clips nearest to the quantiles of their stills.

    Large data are surveyed at 2,000 evenly spaced images.

    Raises:
        InputError: if the source is empty or an image in it is broken.
    """
    if len(source) == 0:
        raise InputError(f"{source.name} holds no images.", fix="Check the path.")
    surveyed = np.unique(np.linspace(0, len(source) - 1, SURVEYED_IMAGES).round().astype(int))
    ratios = np.array([_aspect_ratio(source.image(index)) for index in surveyed])
    buckets = []
    for label, quantile in QUANTILES.items():
        distance = np.abs(ratios - np.quantile(ratios, quantile))
        nearest = surveyed[np.argsort(distance, kind="stable")[:images]].tolist()
        buckets.append(Bucket(label, [(title(source, index), source.image(index)) for index in nearest]))
    return buckets


def synthetic_bucket(stills: int | None = None) -> Bucket:
    """One line of grey noise, 100 pixels wide and 32 high, the same every time; or a clip of it with `stills`."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 100), np.uint8))
    if stills is None:
        return Bucket(SYNTHETIC, [("synthetic line", noise)])
    return Bucket(SYNTHETIC, [("synthetic clip", Clip(stills, lambda indices: iter([noise] * len(indices))))])


def distinct_labels(buckets: Sequence[Bucket], preprocessor: Preprocessor) -> set[str]:
    """Labels of the buckets that differ in size for a model: of those that have the same size, the first."""
    label_of: dict[int, str] = {}
    for bucket in buckets:
        label_of.setdefault(_size(bucket, preprocessor), bucket.label)
    return set(label_of.values())


def batch_input(bucket: Bucket, preprocessor: Preprocessor, batch: int) -> NetworkInput:
    """A batch of the bucket's images, or clips, that have the size of its first, repeated where they are too few.

    Where the model takes vectors, those of zeros stand beside them: no time depends on the numbers.

    Raises:
        InputError: if an image is broken.
    """
    size = _size(bucket, preprocessor)
    alike = [(name, image) for name, image in bucket.images if preprocessor.size(image, name) == size]
    inputs = [preprocessor(image, name) for name, image in alike[:batch]]
    numbers = len(preprocessor.preprocessing.vector)
    images = np.stack(list(islice(cycle(inputs), batch)))
    return beside(images, np.zeros((batch, numbers), np.float32) if numbers else None)


def _size(bucket: Bucket, preprocessor: Preprocessor) -> int:
    name, image = bucket.images[0]
    return preprocessor.size(image, name)


def _aspect_ratio(image: ImageOrClip) -> float:
    """Width over height; of a clip the number of its stills."""
    if isinstance(image, Clip):
        return image.count
    width, height = seen_size(image)
    return width / height
