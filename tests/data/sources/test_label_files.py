"""Label files that can't be read as text, or are larger than one can be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from data.conftest import picture, png, write_folder

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError


@pytest.mark.parametrize("name", ["labels.tsv", "gt.txt"])
def test_another_encoding_is_told(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path, {name: "a.png\tA\n".encode("utf-16"), "a.png": png(picture(0))})
    with pytest.raises(InputError, match="not UTF-8") as refused:
        open_source(tmp_path / name)
    assert "UTF-16" in str(refused.value)
    with pytest.raises(InputError, match="not UTF-8"):
        open_source(tmp_path)


@pytest.mark.parametrize("name", ["labels.tsv", "gt.txt"])
def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path, {name: b"a.png\tA\n", "a.png": png(picture(0))})
    os.truncate(tmp_path / name, 1 << 36)
    with pytest.raises(InputError, match="68,719,476,736 bytes"):
        open_source(tmp_path)


@pytest.mark.parametrize("lines", [b"a.png\t" + b"x" * 70_000, b"a.png\tA\na.png\t" + b"x" * 70_000 + b"\na.png\tA\n"])
def test_a_line_that_is_too_long_is_named(tmp_path: Path, lines: bytes) -> None:
    write_folder(tmp_path, {"labels.tsv": lines, "a.png": png(picture(0))})
    with pytest.raises(InputError, match=r"line [12], has more than 65,536"):
        open_source(tmp_path)


@pytest.mark.parametrize("name", ["labels.tsv", "data.mdb"])
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_a_name_that_is_no_file(tmp_path: Path, name: str, make: object) -> None:
    write_folder(tmp_path, {"a.png": png(picture(0))})
    make(tmp_path / name)  # type: ignore[operator]
    with pytest.raises(InputError, match=f"{name} is no file"):
        open_source(tmp_path)


@pytest.mark.parametrize("name", ["pipe", "pipe.tar", "pipe.npz", "labels.tsv", "pipe-images-idx3"])
def test_a_pipe_is_no_source(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="neither a file nor a folder"):
        open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "loop"])
def test_a_location_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError, match=r"cannot be opened|does not exist"):
        open_source(tmp_path / name)
