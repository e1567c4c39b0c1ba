"""The index of a large file is kept: it is opened from there, until the file changes."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data.conftest import labelled, picture, png, write_folder, write_tar, write_zip
from told import Told

from crnn_deploy.cache_limit import cache_place
from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.index.keeping import kept_indexes
from crnn_deploy.data.sources import encoded, lmdb, open_folder, parquet, tar
from crnn_deploy.data.sources import zip as zip_files
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

TEXTS = ["first", "zweite", "třetí", "四"]


@pytest.fixture(autouse=True)
def _kept_from_three_images(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(encoded, "KEPT_FROM", 3)
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))


def tar_of_lines(folder: Path, texts: list[str]) -> Path:
    left_over = {"train/images/x.png": png(picture(99))}
    return write_tar(folder / "lines.tar", {**labelled(texts, "train/"), **left_over})


def tar_of_images(folder: Path, texts: list[str]) -> Path:
    return write_tar(folder / "images.tar", {f"{i}.png": png(picture(i)) for i in range(len(texts))})


def tar_of_classes(folder: Path, texts: list[str]) -> Path:
    labels = {f"{i}.cls": str(len(text) % 3).encode() for i, text in enumerate(texts)}
    return write_tar(folder / "classes.tar", {**labels, **{f"{i}.png": png(picture(i)) for i in range(len(texts))}})


def zip_of_lines(folder: Path, texts: list[str]) -> Path:
    left_over = {"train/images/x.png": png(picture(99))}
    return write_zip(folder / "lines.zip", {**labelled(texts, "train/"), **left_over})


def zip_of_images(folder: Path, texts: list[str]) -> Path:
    files = {f"{i}.png": png(picture(i)) for i in range(len(texts))}
    return write_zip(folder / "images.zip", files, zipfile.ZIP_STORED)


def folder_of_lines(folder: Path, texts: list[str]) -> Path:
    return aged(write_folder(folder / "lines", labelled(texts)))


def folder_of_classes(folder: Path, texts: list[str]) -> Path:
    files = {f"{len(text) % 3}/{i}.png": png(picture(i)) for i, text in enumerate(texts)}
    return aged(write_folder(folder / "classes", files))


def parquet_of_lines(folder: Path, texts: list[str]) -> Path:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    images = [{"bytes": png(picture(i)), "path": f"{i}.png"} for i in range(len(texts))]
    pyarrow = pytest.importorskip("pyarrow")
    parquet.write_table(pyarrow.table({"image": images, "text": texts}), folder / "lines.parquet", row_group_size=2)
    return folder / "lines.parquet"


def aged(folder: Path) -> Path:
    """The folder as if nothing in it had changed for an hour."""
    for each in [folder, *folder.rglob("*")]:
        status = each.stat()
        os.utime(each, ns=(status.st_atime_ns, status.st_mtime_ns - 3600 * 10**9))
    return folder


def lmdb_of_lines(folder: Path, texts: list[str]) -> Path:
    database = pytest.importorskip("lmdb").open(str(folder / "lines"), map_size=1 << 24)
    with database.begin(write=True) as transaction:
        transaction.put(b"num-samples", str(len(texts)).encode())
        for number, text in enumerate(texts):
            transaction.put(b"image-%09d" % (number + 1), png(picture(number, width=30 + number)))
            transaction.put(b"label-%09d" % (number + 1), text.encode())
    database.close()
    return folder / "lines"


def content(source: Source) -> object:
    """All that a source says of its images."""
    items = range(len(source))
    pixels = [np.asarray(source.image(index)).tolist() for index in items]
    labels = [(source.item_name(i), source.text(i), source.class_index(i)) for i in items]
    facts = source.facts()
    columns = [getattr(facts, each.name).tolist() for each in fields(Facts)]
    return source.name, source.kind, source.class_names, pixels, labels, columns


MAKERS = pytest.mark.parametrize(
    "make",
    [
        *(tar_of_lines, tar_of_images, tar_of_classes, zip_of_lines, zip_of_images),
        *(folder_of_lines, folder_of_classes, lmdb_of_lines, parquet_of_lines),
    ],
)


@MAKERS
def test_the_second_time_the_file_is_not_looked_through(
    make: Callable[[Path, list[str]], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path, TEXTS)
    first, second = Told(), Told()
    expected = content(open_source(path, first))

    def refuse(*_: object) -> None:
        raise AssertionError("the file is looked through again")

    monkeypatch.setattr(tar, "_index", refuse)
    monkeypatch.setattr(zip_files, "_index", refuse)
    monkeypatch.setattr(lmdb, "LmdbFile", refuse)
    monkeypatch.setattr(parquet, "check_texts", refuse)
    monkeypatch.setattr(open_folder, "find_label_files", refuse)
    monkeypatch.setattr(encoded, "fact_of_file", refuse)
    assert content(open_source(path, second)) == expected
    assert second.lines == first.lines
    assert bool(first.lines) == (make in (tar_of_lines, zip_of_lines))


@MAKERS
def test_a_file_that_changed_is_looked_through_again(make: Callable[[Path, list[str]], Path], tmp_path: Path) -> None:
    path = make(tmp_path, TEXTS)
    open_source(path).facts()
    make(tmp_path, [*TEXTS, "fifth"])
    source = open_source(path)
    assert len(source) == len(source.facts()) == 5


@MAKERS
@pytest.mark.parametrize("name", ["index.json", "width.npy", "offset.npy", "texts-ends.npy"])
@pytest.mark.parametrize("damage", [os.remove, lambda path: os.truncate(path, 20)], ids=["missing", "cut off"])
def test_a_damaged_index_is_made_again(
    make: Callable[[Path, list[str]], Path], tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    path = make(tmp_path, TEXTS)
    expected = content(open_source(path))
    (folder,) = cache_place("index").iterdir()
    if (folder / name).exists():
        damage(folder / name)
    assert content(open_source(path)) == expected


def test_a_cache_that_cannot_be_written_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "file"))
    path = tar_of_lines(tmp_path, TEXTS)
    assert content(open_source(path)) == content(open_source(path))


def test_a_small_file_is_not_kept(tmp_path: Path) -> None:
    open_source(tar_of_lines(tmp_path, TEXTS[:2])).facts()
    assert not cache_place("index").exists()


@MAKERS
def test_the_index_of_a_file_is_found_until_the_file_changes(
    make: Callable[[Path, list[str]], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "others").mkdir()
    path = make(tmp_path / "sets", TEXTS)
    assert kept_indexes(path) == []
    monkeypatch.chdir(tmp_path)
    open_source(path.relative_to(tmp_path)).facts()
    found = kept_indexes(path)
    assert found == list(cache_place("index").iterdir())
    assert kept_indexes(Path("sets")) == found
    assert kept_indexes(Path("others")) == []
    make(tmp_path / "sets", [*TEXTS, "fifth"])
    assert kept_indexes(path) == []


def test_labels_that_are_not_needed_are_kept_for_whoever_needs_them(tmp_path: Path) -> None:
    path = tar_of_lines(tmp_path, TEXTS)
    open_source(path, needs_labels=False).facts()
    open_source(path).facts()
    assert len(kept_indexes(path)) == 1


def test_images_whose_labels_are_not_understood_are_kept_apart(tmp_path: Path) -> None:
    images = {f"{i}.png": png(picture(i)) for i in range(3)}
    path = write_tar(tmp_path / "set.tar", {"annotations.xml": b"<odd/>", **images})
    for _ in range(2):
        assert open_source(path, needs_labels=False).facts().width.tolist() == [40] * 3
    with pytest.raises(InputError):
        open_source(path)


def test_images_without_labels_are_kept_for_whoever_needs_none(tmp_path: Path) -> None:
    path = tar_of_images(tmp_path, TEXTS)
    open_source(path).facts()
    open_source(path, needs_labels=False).facts()
    assert len(kept_indexes(path)) == 1


@pytest.mark.parametrize("make", [tar_of_classes, tar_of_images, parquet_of_lines])
def test_of_several_shards_only_those_that_changed_are_looked_through_again(
    make: Callable[[Path, list[str]], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = tmp_path / "shards"
    shards.mkdir()
    for number in range(3):
        made = make(shards, TEXTS)
        made.rename(shards / f"part-{number:05}{made.suffix}")
    expected = content(open_source(shards))
    looked_at = []
    fact_of_file = encoded.fact_of_file
    monkeypatch.setattr(encoded, "fact_of_file", lambda read: looked_at.append(read) or fact_of_file(read))
    assert content(open_source(shards)) == expected
    assert looked_at == []
    made = make(shards, [*TEXTS, "fifth"])
    made.rename(shards / f"part-00001{made.suffix}")
    assert len(open_source(shards).facts()) == 3 * 4 + 1
    assert len(looked_at) == 5


def test_a_folder_that_has_just_changed_is_looked_through_again(tmp_path: Path) -> None:
    folder = folder_of_classes(tmp_path, TEXTS)
    expected = content(open_source(folder))
    path = next(folder.rglob("*.png"))
    status = path.stat()
    path.write_bytes(png(picture(99, width=60)))
    os.utime(path, ns=(status.st_atime_ns, time.time_ns() + 10**9))  # while it is opened
    for _ in range(2):
        assert content(open_source(folder)) != expected
    path.write_bytes(png(picture(98, width=60)))
    os.utime(path, ns=(status.st_atime_ns, time.time_ns() + 10**9))
    assert open_source(folder).content_hash(0) == bytes(open_source(folder).facts().content[0])
    aged(folder)
    (folder / "9").mkdir()
    with pytest.raises(InputError, match="a class without images"):
        open_source(folder)


def test_links_that_lead_back_or_to_nothing_are_no_obstacle(tmp_path: Path) -> None:
    folder = folder_of_lines(tmp_path, TEXTS)
    (folder / "none").symlink_to("nothing")
    (folder / "loop").symlink_to("loop")
    (folder / "back").symlink_to(".")
    os.utime(folder, (0, 0))
    expected = content(open_source(folder))
    assert len(kept_indexes(folder)) == 1
    assert content(open_source(folder)) == expected


def test_the_only_file_of_a_folder_is_kept_once(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    tar_of_images(tmp_path / "set", TEXTS)
    aged(tmp_path / "set")
    expected = content(open_source(tmp_path / "set"))
    assert len(kept_indexes(tmp_path / "set")) == 1
    assert content(open_source(tmp_path / "set")) == expected


def test_a_parquet_file_that_was_replaced_while_it_was_opened_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    path, new = parquet_of_lines(tmp_path, TEXTS), parquet_of_lines(tmp_path / "new", TEXTS[::-1])
    opened = parquet._opened

    def replacing(*given: Any) -> Source:
        new.replace(path)
        return opened(*given)

    with monkeypatch.context() as patched:
        patched.setattr(parquet, "_opened", replacing)
        open_source(str(path)).facts()
    assert open_source(str(path)).texts(np.arange(4)) == TEXTS[::-1]


def file_in(place: Path) -> Path:
    """The file of a source, which for an LMDB is in a folder."""
    return place / "data.mdb" if place.is_dir() else place


@pytest.mark.parametrize("make", [tar_of_images, zip_of_images, lmdb_of_lines])
def test_images_of_a_file_that_was_replaced_after_it_was_opened_are_not_mixed(
    make: Callable[[Path, list[str]], Path], tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    path, new = (file_in(make(folder, TEXTS)) for folder in (tmp_path, tmp_path / "new"))
    source = open_source(str(path), needs_labels=False)
    new.replace(path)
    assert source.facts().broken.all()
    with pytest.raises(InputError, match="changed after it was opened"):
        source.image(0)
    assert not open_source(str(path), needs_labels=False).facts().broken.any()
