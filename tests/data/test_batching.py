"""Batches hold every image once, at its own width, whatever their size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.data.batching import batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing

from .conftest import picture, png, write_folder

PREPROCESSOR = Preprocessor(Preprocessing(height=16, width_multiple=8))
WIDTHS = [9, 40, 41, 12, 40, 90, 33, 9, 60, 60, 61]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("images")
    return open_source(write_folder(folder, {f"{i:02d}.png": png(picture(i, w)) for i, w in enumerate(WIDTHS)}))


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 12))
def test_the_size_of_a_batch_changes_nothing(source: Source, batch_size: int) -> None:
    found: dict[int, np.ndarray] = {}
    for batch in batches(source, PREPROCESSOR, batch_size):
        assert batch.images.shape[0] == len(batch.indices) <= batch_size
        assert batch.images.dtype == np.float32
        found |= dict(zip(batch.indices, batch.images, strict=True))
    assert sorted(found) == list(range(len(WIDTHS)))
    for i, image in found.items():
        assert np.array_equal(image, PREPROCESSOR(source.image(i), "alone"))


def test_images_of_one_width_share_batches(source: Source) -> None:
    assert len(list(batches(source, PREPROCESSOR, 32))) == len({PREPROCESSOR.size(source.image(i)) for i in range(11)})


@pytest.mark.parametrize("damage", ["empty", "cut", "text"])
def test_a_broken_image_stops_or_is_named(tmp_path: Path, damage: str) -> None:
    files = {f"{i}.png": png(picture(i, 200, 100)) for i in range(4)}
    whole = files["2.png"]
    files["2.png"] = {"empty": b"", "cut": whole[: len(whole) // 2], "text": b"text"}[damage]
    broken = open_source(write_folder(tmp_path, files))
    with pytest.raises(InputError, match=r"2\.png"):
        list(batches(broken, PREPROCESSOR, 2))
    skipped: list[int] = []
    assert sorted(i for batch in batches(broken, PREPROCESSOR, 2, skipped) for i in batch.indices) == [0, 1, 3]
    assert skipped == [2]
