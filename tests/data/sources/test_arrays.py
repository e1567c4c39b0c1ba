"""Images in NPZ and IDX files."""

from __future__ import annotations

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from data.conftest import write_folder

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes())


def test_npz_with_class_names_beside_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((3, 8, 8, 3), np.uint8), y=np.array([1, 0, 1]))
    assert open_source(tmp_path / "set.npz").class_names == ("0", "1")
    (tmp_path / "classes.txt").write_text("apple\nbear\n")
    source = open_source(tmp_path / "set.npz")
    assert source.class_names == ("apple", "bear")
    assert source.image(0).size == (8, 8)
    assert source.image(0).mode == "RGB"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.uint8(3)}, "shape ()"),
        ({"x": np.zeros((0, 8, 8), np.uint8)}, "is empty"),
        ({"x": np.zeros((2, 8, 8), np.float32)}, "float32 images"),
        ({"x": np.zeros((2, 8, 8), np.uint8), "y": np.array(["a", "b"])}, "labels of type <U1"),
        ({"x": np.zeros((2, 8, 8), np.uint8), "y": np.array([0.5, 1.5])}, "labels of type float64"),
        ({"x": np.zeros((2, 8, 8), np.uint8), "y": np.array([1])}, "labels of shape (1,)"),
        ({"pixels": np.zeros((2, 8, 8), np.uint8)}, "holds pixels, but no images"),
    ],
)
def test_arrays_that_are_no_data_set(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(InputError, match=re.escape(message)):
        open_source(tmp_path / "set.npz")


def test_a_single_array_is_no_npz(tmp_path: Path) -> None:
    with (tmp_path / "set.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match="cannot be read as NPZ"):
        open_source(tmp_path / "set.npz")


def test_class_names_must_be_utf8(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((2, 8, 8), np.uint8), y=np.array([0, 1]))
    (tmp_path / "classes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"classes\.txt is not UTF-8"):
        open_source(tmp_path / "set.npz")


def test_idx_pairs(tmp_path: Path) -> None:
    images = np.arange(2 * 5 * 4).reshape(2, 5, 4)
    write_folder(
        tmp_path,
        {"t10k-images-idx3-ubyte.gz": idx(images), "t10k-labels-idx1-ubyte.gz": idx(np.array([7, 2]))},
    )
    source = open_source(tmp_path)
    assert [source.class_index(i) for i in range(2)] == [7, 2]
    assert np.array_equal(np.asarray(source.image(1)), images[1])
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(idx(images))
    with pytest.raises(InputError, match="several IDX files"):
        open_source(tmp_path)
    with pytest.raises(InputError, match="no labels file"):
        open_source(tmp_path / "train-images-idx3-ubyte.gz")


def test_idx_files_may_be_spelt_with_a_dot(tmp_path: Path) -> None:
    files = {"t10k-images.idx3-ubyte.gz": np.zeros((2, 5, 4)), "t10k-labels.idx1-ubyte.gz": np.array([7, 2])}
    source = open_source(write_folder(tmp_path, {name: idx(array) for name, array in files.items()}))
    assert [source.class_index(i) for i in range(2)] == [7, 2]
