"""Zip archives are read in place like tar; what lies or can't be read in place is refused."""

from __future__ import annotations

import os
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from data.conftest import labelled, picture, png, write_tar, write_zip
from hypothesis import given
from hypothesis import strategies as st
from told import Told

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.zip import Zip
from crnn_deploy.errors import InputError

TEXTS = ["HELLO", "a b", "¼ €", ""]
ENTRY = b"PK\x01\x02"  # the signature of an entry in the directory of an archive


def in_directory(path: Path, offset: int, form: str, value: int, number: int = 0) -> Path:
    """The archive with one field of an entry of its directory overwritten."""
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(number + 1):
        at = data.index(ENTRY, at + 1)
    struct.pack_into(form, data, at + offset, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("prefix", ["", "./", "set/"])
def test_a_zip_gives_what_a_tar_gives(tmp_path: Path, method: int, prefix: str) -> None:
    files = labelled(TEXTS, prefix)
    zipped = open_source(write_zip(tmp_path / "set.zip", files, method))
    tarred = open_source(write_tar(tmp_path / "set.tar", files))
    assert [zipped.text(i) for i in range(len(zipped))] == TEXTS
    assert [zipped.content_hash(i) for i in range(4)] == [tarred.content_hash(i) for i in range(4)]
    assert np.array_equal(np.asarray(zipped.image(3)), np.asarray(picture(3)))


@given(st.dictionaries(st.text("abcé/.", min_size=1, max_size=6), st.binary(max_size=3000), max_size=4))
def test_what_the_zip_module_writes_is_read(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    files = {f"x{name}x": data for name, data in files.items() if ".." not in name}
    archive = Zip(write_zip(tmp_path_factory.mktemp("zip") / "set.zip", files))
    assert {name: archive.read(name) for name in archive.names()} == files
    assert {name: archive.read(name, 5) for name in archive.names()} == {name: d[:5] for name, d in files.items()}
    assert all(archive.size(name) == len(data) for name, data in files.items())


def test_threads_may_read_side_by_side(tmp_path: Path) -> None:
    source = open_source(write_zip(tmp_path / "set.zip", labelled([str(i) for i in range(50)])))
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda i: np.asarray(source.image(i)), range(50)))
    assert all(np.array_equal(image, np.asarray(picture(i))) for i, image in enumerate(images))


def test_images_without_labels_and_folders_are_read(tmp_path: Path) -> None:
    files = {"a/": b"", "a/0.png": png(picture(0)), "__MACOSX/a/._0.png": b"x"}
    source = open_source(write_zip(tmp_path / "set.zip", files))
    assert [source.item_name(i) for i in range(len(source))] == ["a/0.png"]


def test_backslashes_and_names_in_utf8_that_are_not_marked(tmp_path: Path) -> None:
    path = in_directory(write_zip(tmp_path / "set.zip", {"a\\é.png": png(picture(0))}), 8, "<H", 0)
    assert Zip(path).names() == ["a/é.png"]


def test_links_are_not_followed_which_is_said(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", {"0.png": png(picture(0))})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("1.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hostname")
    told = Told()
    assert len(open_source(path, told)) == 1
    assert "1 links" in told.lines[0]


def twice(path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_zip(path, {"a.png": b"1"})
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("a.png", b"2")
    return path


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-30])
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: write_zip(path, {"/etc/a.png": b"x"}), "the path /etc/a.png leaves the archive"),
        (lambda path: write_zip(path, {"a/../../b.png": b"x"}), "leaves the archive"),
        (lambda path: write_zip(path, {"C:\\b.png": b"x"}), "leaves the archive"),
        (twice, "two files named a.png"),
        (lambda path: write_zip(path, {"a.png": b"1", "./a.png": b"1"}), "two files named a.png"),
        (lambda path: write_zip(path, {"a.png": b"x" * 99}, zipfile.ZIP_BZIP2), "a.png is compressed by bzip2"),
        (lambda path: write_zip(path, {"a.png": b"x" * 99}, zipfile.ZIP_LZMA), "a.png is compressed by lzma"),
        (lambda path: in_directory(write_zip(path, {"a.png": b"x"}), 8, "<H", 1), "a.png is encrypted"),
        (lambda path: in_directory(write_zip(path, {"a.png": b"x"}), 10, "<H", 77), "compressed by method 77"),
        (lambda path: in_directory(write_zip(path, {"a.png": b"x"}), 24, "<I", 1 << 31), "claims 2,147,483,648 bytes"),
        (lambda path: in_directory(write_zip(path, {"a.png": b"x"}), 20, "<I", 9999), "beyond the end"),
        (lambda path: in_directory(write_zip(path, {"a.png": b"x"}), 42, "<I", 9999), "beyond the end"),
        (lambda path: cut(write_zip(path, {"a.png": b"x"})), "cannot be read as a zip archive"),
        (lambda path: path.write_bytes(b"x" * 100) and path, "cannot be read as a zip archive"),
        (lambda path: path.write_bytes(b"") or path, "is empty"),
        (lambda path: write_zip(path, {}), "holds no images"),
    ],
)
def test_bad_archives(tmp_path: Path, make: Callable[[Path], Path], message: str) -> None:
    path = make(tmp_path / "set.zip")
    with pytest.raises(InputError, match=message):
        open_source(path)


def test_a_stored_file_is_as_large_as_its_bytes(tmp_path: Path) -> None:
    path = in_directory(write_zip(tmp_path / "set.zip", {"a.png": b"x"}, zipfile.ZIP_STORED), 24, "<I", 900)
    with pytest.raises(InputError, match="claims 900 bytes, and has 1"):
        open_source(path)


@pytest.mark.parametrize("claimed", [0, 10, 5000])
def test_a_file_of_another_size_than_it_claims_is_broken_and_never_inflated_further(
    tmp_path: Path, claimed: int
) -> None:
    path = in_directory(write_zip(tmp_path / "set.zip", {"a.png": bytes(3000)}), 24, "<I", claimed)
    with pytest.raises(InputError, match=r"a\.png .*is broken: the archive is damaged"):
        open_source(path).image(0)


@pytest.mark.parametrize(("place", "message"), [(0, "not where"), (-1, "damaged"), (16, "")])
def test_damaged_bytes_name_the_image(tmp_path: Path, place: int, message: str) -> None:
    path = write_zip(tmp_path / "set.zip", {"a.png": png(picture(0))})
    data = bytearray(path.read_bytes())
    data[data.index(ENTRY) - 1 if place < 0 else place] ^= 0xFF
    path.write_bytes(data)
    source = open_source(path)
    if message:
        with pytest.raises(InputError, match=f"is broken: the archive .*{message}"):
            source.content_hash(0)
    else:
        source.image(0)  # the directory counts, not what the header of the file repeats


def test_labels_that_are_damaged_are_refused(tmp_path: Path) -> None:
    path = in_directory(write_zip(tmp_path / "set.zip", labelled(["a"])), 16, "<I", 1)
    with pytest.raises(InputError, match="the checksum of the file is wrong"):
        open_source(path)


def test_an_archive_that_is_cut_off_later_gives_broken_images(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", labelled(["a", "b"]))
    source = open_source(path)
    os.truncate(path, 200)
    with pytest.raises(InputError, match="cut off after it was opened"):
        source.image(1)


def test_two_entries_with_the_same_bytes_are_two_files(tmp_path: Path) -> None:
    """Bombs without nesting let many entries share bytes: each is read alone, within its own limit."""
    path = in_directory(write_zip(tmp_path / "a.zip", {"a": b"1", "b": b"2"}), 42, "<I", 0, number=1)
    archive = Zip(path)
    assert archive.read("a") == b"1"
    with pytest.raises(OSError, match="checksum"):
        archive.read("b")
