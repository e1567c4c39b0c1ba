"""Files and folders of each kind that an index is made of, and all that a source says of its images."""

from __future__ import annotations

import os
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from data.conftest import labelled, picture, png, write_folder, write_tar, write_zip

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.sources.base import Source

TEXTS = ["first", "zweite", "třetí", "四"]


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


MAKERS = pytest.mark.parametrize(
    "make",
    [
        *(tar_of_lines, tar_of_images, tar_of_classes, zip_of_lines, zip_of_images),
        *(folder_of_lines, folder_of_classes, lmdb_of_lines, parquet_of_lines),
    ],
)


def content(source: Source) -> object:
    """All that a source says of its images."""
    items = range(len(source))
    pixels = [np.asarray(source.image(index)).tolist() for index in items]
    labels = [(source.item_name(i), source.text(i), source.class_index(i)) for i in items]
    facts = source.facts()
    columns = [getattr(facts, each.name).tolist() for each in fields(Facts)]
    return source.name, source.kind, source.class_names, pixels, labels, columns
