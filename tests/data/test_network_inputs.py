"""What a network takes: each picture with its own normalised vector, in every kind of batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures_with_vectors import draw_npz, exclusive_or

from crnn_deploy.data.batching import batches
from crnn_deploy.data.network_inputs import NetworkInputs, WithVectors, vectors_of
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing

VECTOR = ({"name": "noise"}, {"name": "bit", "mean": 105, "std": 5})
SEEN = Preprocessing.model_validate({"height": 8, "width": 8, "vector": VECTOR})
ROWS = exclusive_or(10)[2]
EXPECTED = np.stack([ROWS[:, 1], (ROWS[:, 0] - 105) / 5], 1).astype(np.float32)


def test_each_picture_has_its_vector(tmp_path: Path) -> None:
    source = open_source(draw_npz(tmp_path / "a.npz", 10))
    one_by_one = list(NetworkInputs(source, SEEN))
    for batch in batches(source, Preprocessor(SEEN), 4):
        assert isinstance(batch.images, WithVectors)
        np.testing.assert_allclose(batch.images.vectors, EXPECTED[batch.indices])
        for index, image in zip(batch.indices, batch.images.images, strict=True):
            alone = one_by_one[index]
            assert isinstance(alone, WithVectors)
            assert np.array_equal(alone.images[0], image)
            np.testing.assert_allclose(alone.vectors[0], EXPECTED[index])


def test_pictures_alone_stay_arrays(tmp_path: Path) -> None:
    source = open_source(draw_npz(tmp_path / "a.npz", 4))
    alone = SEEN.model_copy(update={"vector": ()})
    assert vectors_of(source, alone) is None
    assert isinstance(NetworkInputs(source, alone).median(), np.ndarray)


def test_a_source_without_the_numbers_is_refused(tmp_path: Path) -> None:
    source = open_source(draw_npz(tmp_path / "a.npz", 4, names=("bit", "age")))
    with pytest.raises(InputError, match=r"has no noise beside its images.*\n.*has bit, age"):
        next(iter(batches(source, Preprocessor(SEEN), 2)))


def test_a_number_beyond_fp32_is_refused(tmp_path: Path) -> None:
    arrays = {"vectors": [[1, 1], [1e300, 1]], "vector_names": ["noise", "bit"]}
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 8, 8), np.uint8), **arrays)
    with pytest.raises(InputError, match=r"noise of image 1 in .* is too large"):
        vectors_of(open_source(tmp_path / "a.npz"), SEEN)
