"""Paths and texts of label files are checked before an image is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from data.conftest import picture, png, write_folder, write_tar

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

IMAGE = png(picture(0))


@pytest.mark.parametrize(
    "path", ["../a.png", "images/../../a.png", "images\\..\\..\\a.png", "/etc/hostname", "C:\\a.png", "c:/a.png"]
)
@pytest.mark.parametrize("make", [write_folder, write_tar], ids=["folder", "tar"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str, make: object) -> None:
    write_folder(tmp_path, {"a.png": IMAGE})
    files = {"labels.tsv": f"b.png\tx\n{path}\ty\n".encode(), "b.png": IMAGE}
    where = write_folder(tmp_path / "set", files) if make is write_folder else write_tar(tmp_path / "set.tar", files)
    with pytest.raises(InputError, match=r"1 of \d+ paths in .* leave its folder"):
        open_source(where)


@pytest.mark.parametrize(
    "name", ["x" * 300 + ".png", "a" * 5000 + "/b.png", "none.png", "folder", "pipe.png", "loop.png"]
)
def test_what_is_no_file_is_missing(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path, {"labels.tsv": f"a.png\tA\n{name}\tB\n".encode(), "a.png": IMAGE, "folder/notes.md": b""})
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(InputError, match=f"1 of 2 images of .*labels.tsv are missing; the first is {name[:250]}"):
        open_source(tmp_path)


def test_missing_images_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"images/{i}.png\tx\n" for i in range(50))
    images = {f"images/{i}.png": IMAGE for i in range(0, 50, 2)}
    with pytest.raises(InputError, match=r"25 of 50 images of .*; the first is images/1\.png"):
        open_source(write_folder(tmp_path, {"train.txt": rows.encode(), **images}))


@pytest.mark.parametrize(("text", "shown"), [("x\0y", r"'x\\x00y'"), ("x\ry", r"'x\\ry'")])
def test_a_text_is_one_line(tmp_path: Path, text: str, shown: str) -> None:
    write_folder(tmp_path, {"labels.tsv": f"a.png\t{text}\n".encode(), "a.png": IMAGE})
    with pytest.raises(InputError, match=f"1 labels .* hold line ends or NUL; the first is {shown}"):
        open_source(tmp_path)


def test_a_quoted_text_of_two_lines_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, {"labels.csv": b'file_name,text\na.png,"x"\na.png,"one\ntwo"\n', "a.png": IMAGE})
    with pytest.raises(InputError, match="hold line ends"):
        open_source(tmp_path)


def test_an_image_with_two_texts_is_refused_and_one_that_is_repeated_is_not(tmp_path: Path) -> None:
    write_folder(tmp_path, {"labels.tsv": b"a.png\tone\n./a.png\tone\n", "a.png": IMAGE})
    assert len(open_source(tmp_path)) == 2
    write_folder(tmp_path, {"labels.tsv": b"a.png\tone\n./a.png\ttwo\n"})
    with pytest.raises(InputError, match=r"1 labels in .* contradict another of the same image; .* of a\.png"):
        open_source(tmp_path)
