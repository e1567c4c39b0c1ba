"""Images in NPZ files."""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError


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


@pytest.mark.parametrize(
    ("names", "told"), [("ant\nbee\nant\n", "several classes called 'ant'"), ("ant\nbee\n", "only 2 class names")]
)
def test_class_names_that_are_not_one_for_each_class_are_refused(tmp_path: Path, names: str, told: str) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((3, 8, 8), np.uint8), y=np.arange(3))
    (tmp_path / "classes.txt").write_text(names)
    with pytest.raises(InputError, match=told):
        open_source(tmp_path / "set.npz")


def npy(header: str, data: bytes = b"") -> bytes:
    """A .npy array with a header of one's own."""
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + data


def described(shape: str, kind: str, data: bytes) -> bytes:
    return npy(f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}}}\n", data)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (described("(1000000, 1000000, 9)", "'|u1'", b"x"), r"1000000 × 1000000 × 9 of uint8, but has 1 bytes"),
        (described("(2, 2, 2)", "'|u1'", b"x" * 9), r"2 × 2 × 2 of uint8, but has 9 bytes"),
        (described("(-1, -2, 4)", "'|u1'", b"x" * 8), "cannot be read as NPZ"),
        (described("(1, 1, 1)", "'|O'", b"x" * 8), "cannot be read as NPZ"),
        (described("(1, 1, 1)", "[('a', '|u1'), ('b', '|u1')]", b"xx"), "holds .* images"),
        (npy("(" * 4000 + ")" * 4000), "cannot be read as NPZ"),
        (npy("-" * 9000 + "1"), "cannot be read as NPZ"),
        (npy(" " * 20_000), "cannot be read as NPZ"),
        (npy("{'descr': '|u1', 'shape': (1,\n"), "cannot be read as NPZ"),
        (b"x", "cannot be read as NPZ"),
    ],
)
def test_a_header_is_compared_with_what_the_file_holds(tmp_path: Path, images: bytes, message: str) -> None:
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("x.npy", images)
    with pytest.raises(InputError, match=message):
        open_source(tmp_path / "set.npz")


def test_an_array_that_inflates_to_far_more_is_not_read(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "set.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w") as file,
    ):
        file.write(described("(65, 1024, 1024)", "'|u1'", b""))
        for _ in range(65):
            file.write(bytes(1 << 20))
    with pytest.raises(InputError, match=r"x\.npy in .* claims 68,157,\d+ bytes, which were compressed to"):
        open_source(tmp_path / "set.npz")


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([0, 1 << 40], "has class 1099511627776, and a set can have 131,072 classes"),
        ([0, 131_072], "has class 131072, and a set"),
        ([0, -1], "has class -1"),
    ],
)
def test_class_numbers_have_limits(tmp_path: Path, classes: list[int], message: str) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((2, 8, 8), np.uint8), y=np.array(classes))
    with pytest.raises(InputError, match=message):
        open_source(tmp_path / "set.npz")


def test_labels_that_are_true_or_false_are_no_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((2, 8, 8), np.uint8), y=np.array([True, False]))
    with pytest.raises(InputError, match="labels of type bool"):
        open_source(tmp_path / "set.npz")


def test_arrays_in_the_order_of_fortran_and_others_beside_them(tmp_path: Path) -> None:
    images = np.arange(2 * 5 * 4, dtype=np.uint8).reshape(2, 5, 4)
    others = np.array([{}], dtype=object)  # would be refused, but nobody reads it
    np.savez(tmp_path / "set.npz", x=np.asfortranarray(images), y=np.array([0, 1]), notes=others)
    assert np.array_equal(np.asarray(open_source(tmp_path / "set.npz").image(1)), images[1])


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((2, 8, 8), np.uint8))
    data = bytearray((tmp_path / "set.npz").read_bytes())
    data[6] |= 1  # the flag in the header of the member, and in the directory
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "set.npz").write_bytes(data)
    with pytest.raises(InputError, match="cannot be read as NPZ"):
        open_source(tmp_path / "set.npz")


def test_labels_that_are_times_are_no_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 8, 8), np.uint8), y=np.arange(3).astype("m8[s]"))
    with pytest.raises(InputError, match="labels of type timedelta64"):
        open_source(tmp_path / "a.npz")
