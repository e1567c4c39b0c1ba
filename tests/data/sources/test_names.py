"""File names as labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data.conftest import picture, png, write_folder, write_tar, write_zip
from told import Told

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

IMAGES = {f"{text}.png": png(picture(number)) for number, text in enumerate(["2b.c", "74853", "a_b 3", "é€"])}


@pytest.mark.parametrize(
    "make",
    [
        lambda path: write_folder(path / "set", IMAGES),
        lambda path: write_folder(path / "set", {f"images/{name}": data for name, data in IMAGES.items()}),
        lambda path: write_tar(path / "set.tar", IMAGES),
        lambda path: write_zip(path / "set.zip", {f"a/{name}": data for name, data in IMAGES.items()}),
    ],
    ids=["folder", "its only sub-folder", "tar", "zip with a folder"],
)
def test_the_name_without_its_suffix_is_the_text(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    told = Told()
    source = open_source(f"names:{make(tmp_path)}", told)
    assert source.kind == "text"
    assert [source.text(i) for i in range(len(source))] == ["2b.c", "74853", "a_b 3", "é€"]
    assert np.array_equal(np.asarray(source.image(2)), np.asarray(picture(2)))
    assert told.lines == []


def test_label_files_are_not_read_which_is_said(tmp_path: Path) -> None:
    told = Told()
    source = open_source(f"names:{write_folder(tmp_path, {**IMAGES, 'labels.tsv': b'x'})}", told)
    assert len(source) == 4
    assert "not read: labels.tsv" in told.lines[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "none", "does not exist"),
        (lambda path: path, "holds no images"),
        (lambda path: write_folder(path, {"a.txt": b"x"}) / "a.txt", r"no folder, \.tar or \.zip"),
        (lambda path: write_folder(path, {"a\nb.png": b"x"}), "hold line ends"),
        (lambda path: write_tar(path / "a.tar", {"a\udcff.png": b"x"}), "is not UTF-8"),
        (lambda path: write_folder(path, {"a.tar": b"x" * 2000}) / "a.tar", "cannot be read as a tar"),
    ],
)
def test_bad_input(tmp_path: Path, make: Callable[[Path], Path | str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(f"names:{make(tmp_path)}")


def test_an_empty_path() -> None:
    with pytest.raises(InputError, match="path of a data set is empty"):
        open_source("names:")
