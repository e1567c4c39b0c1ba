"""LMDBs are read as liblmdb reads them, and a damaged one is an error and no crash."""

from __future__ import annotations

import contextlib
import os
import random
import struct
from pathlib import Path

import pytest
from data.conftest import picture, png, write_folder

from crnn_deploy.data.sources.lmdb import open_lmdb
from crnn_deploy.data.sources.lmdb_file import LmdbFile
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Silent

lmdb = pytest.importorskip("lmdb")
ROOM = 1 << 24


def write(folder: Path, pairs: dict[bytes, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(folder), map_size=ROOM) as environment:
        for key, value in pairs.items():  # one by one, so that old pages are left in the file
            with environment.begin(write=True) as transaction:
                transaction.put(key, value)
    return folder


def lines(count: int, seed: int = 0) -> dict[bytes, bytes]:
    """Images of different sizes: inside of the pages of the tree, and on pages of their own."""
    numbers = random.Random(seed)
    pairs = {b"num-samples": str(count).encode()}
    for number in range(1, count + 1):
        pairs[b"image-%09d" % number] = numbers.randbytes(numbers.choice((30, 1500, 3000, 9000)))
        pairs[b"label-%09d" % number] = f"text {number}".encode()
    return pairs


@pytest.mark.parametrize("count", [1, 7, 60])
def test_it_is_read_as_by_liblmdb(tmp_path: Path, count: int) -> None:
    pairs = lines(count)
    database = LmdbFile(write(tmp_path, pairs) / "data.mdb")
    assert database.entries == len(pairs)
    for key, value in pairs.items():
        place = database.get(key)
        assert place is not None
        assert database.read(place) == value
    labels = {key: database.read(value) for key, value in database.with_prefix(b"label-")}
    assert labels == {key: value for key, value in pairs.items() if key.startswith(b"label-")}
    assert list(labels) == sorted(labels)
    for absent in (b"", b"image-", b"image-000000000", b"label-999999999", b"zzz"):
        assert database.get(absent) is None
    assert [*database.with_prefix(b"other-")] == []


def test_an_empty_database_has_nothing(tmp_path: Path) -> None:
    database = LmdbFile(write(tmp_path, {}) / "data.mdb")
    assert database.get(b"x") is None
    assert [*database.with_prefix(b"")] == []


def damaged(data: bytes, numbers: random.Random) -> bytes:
    """A copy with a few wrong bytes, mostly in headers of pages and in nodes, or cut short."""
    copy = bytearray(data)
    for _ in range(numbers.choice((1, 3, 30))):
        page = numbers.randrange(len(copy) // 4096) * 4096
        place = page + numbers.choice((numbers.randrange(40), numbers.randrange(4096), numbers.randrange(152)))
        copy[place : place + 2] = numbers.choice((b"\0\0", b"\xff\xff", b"\1\0", numbers.randbytes(2)))
        if numbers.random() < 0.1:
            copy[page : page + 4096] = copy[:4096]
    return bytes(copy[: numbers.randrange(1, len(copy))] if numbers.random() < 0.1 else copy)


def test_damage_is_an_input_error(tmp_path: Path) -> None:
    data = (write(tmp_path / "whole", lines(30)) / "data.mdb").read_bytes()
    numbers = random.Random(0)
    refused = 0
    for _ in range(60):
        write_folder(tmp_path / "set", {"data.mdb": damaged(data, numbers)})
        try:
            source = open_lmdb(tmp_path / "set" / "data.mdb")
        except InputError:
            refused += 1
            continue
        for index in range(len(source)):
            with contextlib.suppress(InputError):
                source.content_hash(index)
    assert 5 < refused < 60


@pytest.mark.parametrize("pages", [0, 1, 2, 5])
def test_a_file_that_is_cut_short(tmp_path: Path, pages: int) -> None:
    os.truncate(write(tmp_path, lines(20)) / "data.mdb", pages * 4096 + 100)
    with pytest.raises(InputError, match=r"is cut short|cannot be read as an LMDB: it has 100 bytes"):
        open_source(tmp_path)


def test_a_file_that_is_cut_short_while_it_is_read(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, lines(20)))
    os.truncate(tmp_path / "data.mdb", 8192)
    for read in (source.image, source.content_hash):
        with pytest.raises(InputError, match="cut off after it was opened"):
            read(3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({b"num-samples": b"99999999999"}, "says that it has 99,999,999,999 images, but it has 11 entries"),
        ({b"num-samples": b"-3"}, "num-samples is no count"),
        ({b"num-samples": b"9" * 3000}, "num-samples is no count"),
        ({b"num-samples": "٣".encode()}, "num-samples is no count"),
        ({b"label-000000002": b"x" * 70_000}, "a label of 70,000 bytes, label-000000002"),
        ({b"label-000000002": b"a\nb"}, "hold line ends"),
        ({b"num-samples": b"6", b"label-000000006": b"x"}, "no image-000000006"),
    ],
)
def test_what_it_says_is_compared_with_what_it_holds(tmp_path: Path, change: dict[bytes, bytes], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(write(tmp_path, lines(5) | change))


def test_a_meta_page_that_claims_many_entries(tmp_path: Path) -> None:
    path = write(tmp_path, lines(5) | {b"num-samples": b"99999999999"}) / "data.mdb"
    data = bytearray(path.read_bytes())
    for page in (0, 4096):
        data[page + 120 : page + 128] = struct.pack("<Q", 10**12)
    path.write_bytes(data)
    with pytest.raises(InputError, match="says that it has"):
        open_source(tmp_path)


def test_meta_pages_of_two_sizes_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, lines(5)) / "data.mdb"
    data = bytearray(path.read_bytes())
    data[4096 + 40 : 4096 + 44] = struct.pack("<I", 8192)
    path.write_bytes(data)
    with pytest.raises(InputError, match="meta page 1 is not valid"):
        open_source(tmp_path)


@pytest.mark.parametrize("offset", [44, 88, 92])  # flags of the free pages, size of lists in the tree, its flags
def test_databases_of_other_kinds_are_refused(tmp_path: Path, offset: int) -> None:
    path = write(tmp_path, lines(5)) / "data.mdb"
    data = bytearray(path.read_bytes())
    for page in (0, 4096):
        data[page + offset] |= 0x40
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"meta page|keys of another kind"):
        open_source(tmp_path)


def test_images_without_labels_are_counted(tmp_path: Path) -> None:
    images = {key: value for key, value in lines(5).items() if not key.startswith(b"label-")}
    assert open_source(write(tmp_path / "a", images)).kind == "unlabelled"
    with pytest.raises(InputError, match="no image-000000006"):
        open_source(write(tmp_path / "b", images | {b"num-samples": b"6"}))


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"x" * 9000, "another format"),
        (bytes(16) + 0xBEEFC0DE.to_bytes(4, "big") + bytes(9000), "another format"),
        (bytes(16) + struct.pack("<II", 0xBEEFC0DE, 7) + bytes(9000), "version 7"),
        (bytes(16) + struct.pack("<II16xI", 0xBEEFC0DE, 1, 3) + bytes(9000), "pages of 3 bytes"),
        (b"", "it has 0 bytes"),
    ],
)
def test_files_of_another_kind(tmp_path: Path, start: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(write_folder(tmp_path, {"data.mdb": start}))


def test_a_database_that_is_one_file(tmp_path: Path) -> None:
    (write(tmp_path, lines(3)) / "data.mdb").rename(tmp_path / "lines.lmdb")
    assert len(open_source(tmp_path / "lines.lmdb")) == 3


def test_a_folder_of_databases_is_one_set(tmp_path: Path) -> None:
    write(tmp_path / "ST", lines(3))
    write(tmp_path / "MJ" / "MJ_train", lines(2))
    (tmp_path / "link").symlink_to("ST")
    told: list[str] = []
    progress = Silent()
    progress.log = told.append  # type: ignore[method-assign]
    source = open_source(tmp_path, progress)
    assert [source.text(i) for i in range(len(source))] == ["text 1", "text 2", "text 1", "text 2", "text 3"]
    assert told == [f"{tmp_path} is read as one set of 2 LMDBs: MJ/MJ_train, ST"]


def test_images_in_it_are_decoded(tmp_path: Path) -> None:
    image = png(picture(0))
    source = open_source(write(tmp_path, {b"num-samples": b"1", b"image-000000001": image, b"label-000000001": b"x"}))
    assert source.image(0).size == picture(0).size
