"""Images in folders without a label file: one sub-folder for each class, or images without labels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crnn_deploy import limits
from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.base import Kind
from crnn_deploy.data.sources.container import Folder, is_file, is_folder
from crnn_deploy.data.sources.encoded import EncodedSource, is_image, of_files
from crnn_deploy.data.sources.label_files import decode, may_hold_labels
from crnn_deploy.errors import InputError
from crnn_deploy.units import listed

_IMAGE_FOLDERS = frozenset({"images", "image", "imgs", "img", "crops", "lines", "data"})
_PARTS = _IMAGE_FOLDERS | {
    *("train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation")
}


@dataclass(frozen=True)
class SubFolder:
    """A folder below another, with its images; whether files in it may hold labels, and whether it has no file."""

    name: str
    images: tuple[str, ...]
    holds_labels: bool
    empty: bool


def sub_folders(folder: Path) -> list[SubFolder]:
    """The sub-folders in the order of their names, without hidden ones."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and is_folder(entry))
    return [_sub_folder(folder / name) for name in names]


def open_class_folder(folder: Path, below: Sequence[SubFolder]) -> EncodedSource:
    """Classes from the sub-folders with images, numbered in the order of their names.

    Raises:
        InputError: if the sub-folders are no classes, but parts of a set, or sets with labels of their own; or if one
            of them is empty, so that the others would get other numbers.
    """
    classes = [each for each in below if each.images]
    names = listed([each.name for each in classes])
    if are_parts([each.name for each in classes]):
        raise InputError(
            f"{folder} holds parts of a set: {names}.",
            "Sub-folders with other names would be classes.",
            "Name one of them.",
        )
    sets = [each.name for each in classes if each.holds_labels]
    if sets:
        raise InputError(
            f"{folder} holds several sets: {names}.",
            f"{sets[0]} is no class, since it holds files that may be labels of its images.",
            "Name one of them, or move these files away.",
        )
    empty = [each.name for each in below if each.empty]
    if empty:
        raise InputError(
            f"{folder} holds a class without images: {listed(empty)}.",
            f"The other classes are {names}.",
            "Put its images there, or remove the empty folder.",
        )
    items = [
        Item(f"{each.name}/{image}", class_index=index) for index, each in enumerate(classes) for image in each.images
    ]
    return _source(folder, "class", items, tuple(each.name for each in classes))


def are_parts(names: Sequence[str]) -> bool:
    """Whether several sub-folders are parts of a set by their names, such as `train` and `val`."""
    return len(names) > 1 and all(name.lower() in _PARTS for name in names)


def open_image_folder(folder: Path, images: Sequence[str]) -> EncodedSource:
    """Unlabelled images."""
    return _source(folder, "unlabelled", [Item(name) for name in images])


def is_image_folder(below: Sequence[SubFolder]) -> bool:
    """Whether the only sub-folder has a name such as `images`, which is no class."""
    return len(below) == 1 and below[0].name.lower() in _IMAGE_FOLDERS


def lists_classes(path: Path, classes: Sequence[SubFolder]) -> bool:
    """Whether a file beside class folders only names them, one in each line."""
    if not is_file(path) or path.stat().st_size > limits.MAX_CLASS_FILE:
        return False
    try:
        lines = decode(path.read_bytes(), str(path)).split("\n")
    except InputError:
        return False
    return {line.strip() for line in lines if line.strip()} == {each.name for each in classes}


def _sub_folder(path: Path) -> SubFolder:
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and is_file(entry))
    images = tuple(name for name in names if is_image(name))
    return SubFolder(path.name, images, any(map(may_hold_labels, names)), not names)


def _source(folder: Path, kind: Kind, items: list[Item], class_names: tuple[str, ...] = ()) -> EncodedSource:
    return of_files(Folder(folder), kind, items, class_names)
