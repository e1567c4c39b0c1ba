"""The index of a large file is kept: it is opened from there, until the file changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from data.conftest import picture, png, write_tar
from data.index.indexed_files import (
    MAKERS,
    TEXTS,
    aged,
    content,
    folder_of_lines,
    tar_of_images,
    tar_of_lines,
    zip_of_lines,
)
from told import Told

from crnn_deploy.cache_limit import cache_place
from crnn_deploy.data.index.keeping import kept_indexes
from crnn_deploy.data.sources import encoded, lmdb, open_folder, parquet, tar
from crnn_deploy.data.sources import zip as zip_files
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

pytestmark = pytest.mark.usefixtures("kept_from_three_images")


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
