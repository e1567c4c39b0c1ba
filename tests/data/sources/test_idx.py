"""Images in IDX files."""

from __future__ import annotations

import gzip
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


def claim(shape: tuple[int, ...], data: bytes = b"x") -> bytes:
    return struct.pack(">HBB", 0, 8, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + data


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (claim((2**32 - 1,) * 3), "and an array can have"),
        (claim((1000, 1000, 1000)), "which were compressed to 17"),
        (claim((10, 10, 10)), "it says 10 × 10 × 10 bytes, and holds only 1"),
        (claim((1, 2, 2), bytes(5)), "it says 1 × 2 × 2 bytes, and holds more"),
        (claim((1,) * 200), "200 dimensions"),
        (struct.pack(">HBB", 0, 13, 3) + bytes(20), "expected 000008"),
        (struct.pack(">HBB", 1, 8, 3) + bytes(20), "expected 000008"),
        (b"\0\0\x08", "cannot be read as IDX"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_header_is_compared_with_what_the_file_holds(
    tmp_path: Path, images: bytes, message: str, suffix: str
) -> None:
    if suffix:
        images, message = gzip.compress(images), message.replace("to 17", "to")
    labels = idx(np.array([0])) if suffix else gzip.decompress(idx(np.array([0])))
    write_folder(tmp_path, {f"images-idx3{suffix}": images, f"labels-idx1{suffix}": labels})
    with pytest.raises(InputError, match=message):
        open_source(tmp_path)


def test_what_inflates_to_more_than_it_says_is_not_read_to_its_end(tmp_path: Path) -> None:
    write_folder(
        tmp_path,
        {"images-idx3.gz": gzip.compress(claim((1, 1, 1), bytes(8 << 20)), 1), "labels-idx1.gz": idx(np.array([0]))},
    )
    with pytest.raises(InputError, match="holds more"):
        open_source(tmp_path)
