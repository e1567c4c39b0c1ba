"""Of a file that changes the index is made again, and no image of it is read in the place of another."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data.conftest import picture, png
from data.index.indexed_files import (
    MAKERS,
    TEXTS,
    aged,
    content,
    folder_of_classes,
    lmdb_of_lines,
    parquet_of_lines,
    tar_of_classes,
    tar_of_images,
    zip_of_images,
)

from crnn_deploy.data.sources import encoded, parquet
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

pytestmark = pytest.mark.usefixtures("kept_from_three_images")


@MAKERS
def test_a_file_that_changed_is_looked_through_again(make: Callable[[Path, list[str]], Path], tmp_path: Path) -> None:
    path = make(tmp_path, TEXTS)
    open_source(path).facts()
    make(tmp_path, [*TEXTS, "fifth"])
    source = open_source(path)
    assert len(source) == len(source.facts()) == 5


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
