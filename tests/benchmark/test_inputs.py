from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.benchmark.inputs import Bucket, batch_input, data_buckets, distinct_labels, synthetic_bucket
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing

KEEP_RATIO = Preprocessor(Preprocessing(height=10))
FIXED = Preprocessor(Preprocessing(height=10, width=64))


def bucket(*widths: int) -> Bucket:
    return Bucket("median", [(str(i), Image.new("L", (width, 10), i)) for i, width in enumerate(widths)])


def test_buckets_sit_at_the_quantiles_of_the_aspect_ratio(lines) -> None:
    source = lines([20 * i for i in range(101, 0, -1)])  # widths 2020, 2000, … 20
    widths = {b.label: b.images[0][1].width for b in data_buckets(source, images=1)}
    assert widths == {"median": 1020, "narrow": 520, "wide": 1820}


def test_the_nearest_images_come_first(lines) -> None:
    median = data_buckets(lines([100, 10, 104, 200, 90, 300, 20]), images=3)[0]
    assert [image.width for _, image in median.images] == [100, 104, 90]
    assert median.images[0][0].startswith("000.png")


def test_a_batch_holds_different_images_of_one_width() -> None:
    batch = batch_input(bucket(40, 37, 80, 39), KEEP_RATIO, batch=3)
    assert batch.shape == (3, 1, 10, 40)
    levels = np.rint((batch[:, 0, 0, 0] * 0.5 + 0.5) * 255)
    assert levels.tolist() == [0, 1, 3]


def test_too_few_images_are_repeated() -> None:
    batch = batch_input(bucket(40, 80, 40), KEEP_RATIO, batch=5)
    levels = np.rint((batch[:, 0, 0, 0] * 0.5 + 0.5) * 255)
    assert levels.tolist() == [0, 2, 0, 2, 0]


def test_a_model_of_fixed_width_has_one_bucket_only(lines) -> None:
    buckets = data_buckets(lines([20, 40, 60, 80, 100]), images=1)
    assert distinct_labels(buckets, FIXED) == {"median"}
    assert distinct_labels(buckets, KEEP_RATIO) == {"median", "narrow", "wide"}


def test_the_synthetic_line_is_the_same_every_time() -> None:
    one, two = (batch_input(synthetic_bucket(), KEEP_RATIO, 2) for _ in range(2))
    assert synthetic_bucket().label == "100x32"
    assert np.array_equal(one, two)
    assert one.std() > 0.1


def test_a_broken_image_is_named(lines, tmp_path) -> None:
    source = lines([40])
    path = tmp_path / "lines" / "000.png"
    path.write_bytes(path.read_bytes()[:45])
    with pytest.raises(InputError, match=r"000\.png"):
        batch_input(data_buckets(source, 1)[0], KEEP_RATIO, 1)
