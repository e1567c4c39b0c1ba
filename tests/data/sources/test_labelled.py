"""Labels are found in folders and archives, whatever tool wrote them; what is unclear is refused or said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data.conftest import labelled, picture, png, write_folder, write_tar, write_zip
from told import Told

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

TEXTS = ["HELLO", " a, b ", 'say "¼ €"', ""]
QUOTED = [text.replace('"', '\\"') for text in TEXTS]
IMAGES = {f"images/{i}.png": png(picture(i)) for i in range(len(TEXTS))}
ROWS = "".join(f"images/{i}.png\t{text}\n" for i, text in enumerate(TEXTS))
CSV = 'file_name,text\r\n{0}0.png,HELLO\r\n{0}1.png," a, b "\r\n{0}2.png,"say ""¼ €"""\r\n{0}3.png,\r\n'

LAYOUTS = {
    "gt.txt": {"gt.txt": ROWS.encode(), **IMAGES},
    "rec_gt_train.txt": {"rec_gt_train.txt": ROWS.replace("\n", "\r\n").encode(), **IMAGES},
    "a name of one's own": {"mine.lst": ROWS.encode(), **IMAGES},
    "no suffix": {"labels": ROWS.encode(), **IMAGES},
    "backslashes": {"labels.tsv": ROWS.replace("/", "\\").encode(), **IMAGES},
    "dots": {"val.txt": ROWS.replace("images/", "./images/./").encode(), **IMAGES},
    "paths below images": {"train.txt": ROWS.replace("images/", "").encode(), **IMAGES},
    "paths with the folder": {"train.txt": ROWS.replace("images/", "set/images/").encode(), **IMAGES},
    "paths below the name of the file": {
        "train.txt": ROWS.replace("images/", "").encode(),
        **{name.replace("images", "train"): data for name, data in IMAGES.items()},
    },
    "header": {"labels.tsv": f"file_name\ttext\n{ROWS}".encode(), **IMAGES},
    "Hugging Face": {"metadata.csv": CSV.format("images/").encode("utf-8-sig"), **IMAGES},
    "EasyOCR": {
        "labels.csv": CSV.replace("file_name,text", "filename,words").format("").encode(),
        **{name.removeprefix("images/"): data for name, data in IMAGES.items()},
    },
    "docTR": {
        "labels.json": json.dumps({f"{i}.png": text for i, text in enumerate(TEXTS)}, indent=4).encode(),
        **IMAGES,
    },
    "Hugging Face, JSON": {
        "metadata.jsonl": "".join(
            json.dumps({"file_name": f"images/{i}.png", "text": text}) + "\n" for i, text in enumerate(TEXTS)
        ).encode(),
        **IMAGES,
    },
    "ICDAR": {
        "gt.txt": "".join(f'images/{i}.png, "{text}"\r\n' for i, text in enumerate(QUOTED)).encode("utf-8-sig"),
        **IMAGES,
    },
    "Tesseract": {
        **{name.removeprefix("images/"): data for name, data in IMAGES.items()},
        **{f"{i}.gt.txt": f"{text}\n".encode() for i, text in enumerate(TEXTS)},
    },
}


@pytest.mark.parametrize("files", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize(
    "make",
    [
        lambda path, files: write_folder(path / "set", files),
        lambda path, files: write_tar(path / "set.tar", {f"set/{name}": data for name, data in files.items()}),
        lambda path, files: write_tar(path / "set.tar", files),
        lambda path, files: write_zip(path / "set.zip", files),
    ],
    ids=["folder", "tar with a folder", "tar", "zip"],
)
def test_each_layout_gives_the_same_lines(
    tmp_path: Path, files: dict[str, bytes], make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    told = Told()
    source = open_source(make(tmp_path, files), told)
    assert source.kind == "text"
    assert [source.text(i) for i in range(len(source))] == TEXTS
    for i in range(len(source)):
        assert np.array_equal(np.asarray(source.image(i)), np.asarray(picture(i)))
    assert told.lines == []


def test_a_label_file_can_be_named(tmp_path: Path) -> None:
    write_folder(tmp_path, {**IMAGES, "train.txt": ROWS.encode(), "val.txt": b"images/1.png\tone\n"})
    assert len(open_source(tmp_path / "train.txt")) == 4
    assert open_source(tmp_path / "val.txt").text(0) == "one"
    with pytest.raises(InputError, match=r"several label files: train\.txt, val\.txt") as refused:
        open_source(tmp_path)
    assert "Name one of them" in refused.value.fix


def test_labels_tsv_goes_before_others_which_is_said(tmp_path: Path) -> None:
    others = {"gt.txt": b"images/0.png\tother\n", "annotations.xml": b"<a/>"}
    told = Told()
    source = open_source(write_folder(tmp_path, {**IMAGES, "labels.tsv": ROWS.encode(), **others}), told)
    assert source.text(0) == "HELLO"
    assert "not read: gt.txt, annotations.xml" in told.lines[0]


UNKNOWN = {
    "annotations.xml": b"<a/>",
    "labels.json": b"{}",
    "truth.txt": b"0|HELLO\n",
    "labels.csv": b"a,b,c\n1,2,3\n",
    "train.parquet": b"PAR1\xff\xfe",
    "gt.txt": "images/0.png\té\n".encode("latin-1"),
    "empty.txt": b"",
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("images", ["images/", "", "a/"], ids=["below images", "beside", "below a folder"])
@pytest.mark.parametrize("make", [write_folder, write_tar], ids=["folder", "tar"])
def test_a_label_file_that_is_not_understood_is_named(
    tmp_path: Path, name: str, images: str, make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    files = {name: UNKNOWN[name], **{f"{images}{i}.png": png(picture(i)) for i in range(2)}}
    path = make(tmp_path / "set.tar", files)
    with pytest.raises(InputError, match=f"not understood: {name}"):
        open_source(path)
    told = Told()
    source = open_source(path, told, needs_labels=False)
    assert source.kind == ("class" if images == "a/" and make is write_folder else "unlabelled")
    assert len(source) == 2
    assert name in told.lines[0]


def test_labels_in_a_folder_of_their_own_are_not_understood(tmp_path: Path) -> None:
    write_folder(tmp_path, {**IMAGES, "labels/0.txt": b"HELLO"})
    with pytest.raises(InputError, match="not understood: labels"):
        open_source(tmp_path)


def test_documents_are_no_label_files(tmp_path: Path) -> None:
    files = dict.fromkeys(("README.txt", "LICENSE.txt", "notes.txt", ".hidden.csv", "readme", "page.html"), b"x")
    assert open_source(write_folder(tmp_path, {**files, "0.png": png(picture(0))})).kind == "unlabelled"


def test_a_list_of_the_classes_is_no_label_file(tmp_path: Path) -> None:
    files = {f"{name}/{i}.png": png(picture(i)) for name in ("dog", "cat") for i in range(2)}
    assert open_source(write_folder(tmp_path, {**files, "classes.txt": b"dog\ncat\n"})).class_names == ("cat", "dog")
    (tmp_path / "classes.txt").write_text("dog\ncow\n")
    with pytest.raises(InputError, match=r"not understood: classes\.txt"):
        open_source(tmp_path)


@pytest.mark.parametrize("names", [("train", "val"), ("images", "imgs"), ("Train", "TEST")])
def test_parts_of_a_set_are_no_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="parts of a set"):
        open_source(write_folder(tmp_path, {f"{name}/0.png": png(picture(0)) for name in names}))


def test_folders_with_labels_of_their_own_are_no_classes(tmp_path: Path) -> None:
    files = labelled(["a"], "x/") | labelled(["b"], "y/")
    files = {name.replace("images/", ""): data.replace(b"images/", b"") for name, data in files.items()}
    with pytest.raises(InputError, match="several sets: x, y"):
        open_source(write_folder(tmp_path, files))


def test_the_only_sub_folder_images_holds_the_set(tmp_path: Path) -> None:
    source = open_source(write_folder(tmp_path, IMAGES))
    assert (source.kind, len(source)) == ("unlabelled", 4)
    (tmp_path / "images" / "labels.tsv").write_text("0.png\tone\n")
    assert open_source(tmp_path).text(0) == "one"


def test_hidden_folders_are_no_classes(tmp_path: Path) -> None:
    files = {f"{name}/0.png": png(picture(0)) for name in ("a", "b", ".thumbnails")}
    assert open_source(write_folder(tmp_path, files)).class_names == ("a", "b")


@pytest.mark.parametrize(("write", "name"), [(write_folder, "set"), (write_tar, "set.tar"), (write_zip, "set.zip")])
def test_images_without_a_label_are_left_out_and_counted(tmp_path: Path, write: Callable[..., Path], name: str) -> None:
    told = Told()
    source = open_source(
        write(tmp_path / name, {"gt.txt": "".join(ROWS.splitlines(True)[:3]).encode(), **IMAGES}), told
    )
    assert len(source) == 3
    (line,) = [line for line in told.lines if "has a label" in line]
    assert line.endswith("has a label for 3 of 4 images; left out are the others, such as images/3.png.")
