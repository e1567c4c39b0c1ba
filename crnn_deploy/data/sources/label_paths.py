"""From the paths in a label file to files of its container."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.container import Container
from crnn_deploy.data.sources.texts import check_texts
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress

_IMAGE_FOLDERS = ("images", "image", "imgs", "img")
_SAMPLE = 20
_DRIVE = re.compile(r"[A-Za-z]:")


def locate_images(items: Sequence[Item], files: Container, label_file: str, progress: Progress) -> list[Item]:
    """The items with names of files of the container.

    Paths are relative to the folder of the label file. Where it has no such files, a sub-folder `images` or one named
    as the label file is tried, and then the path without the name of the folder or archive itself. Backslashes stand
    for slashes.

    Raises:
        InputError: if a path leaves the folder, an image is missing or has two different texts, or a text holds line
            ends or NUL.
    """
    origin = files.title(label_file)
    check_texts([item.name for item in items], [item.text for item in items], origin, progress)
    paths = [item.name.replace("\\", "/") for item in items]
    leaving = [path for path in paths if _leaves(path)]
    if leaving:
        raise InputError(
            f"{len(leaving):,} of {len(paths):,} paths in {origin} leave its folder; the first is {leaving[0][:80]!r}.",
            "They are absolute, or go up with '..'.",
            "Write paths relative to the folder of the label file.",
        )
    names = _with_base([_plain(path) for path in paths], files, label_file)
    missing = [path for path, name in zip(paths, names, strict=True) if not files.has(name)]
    if missing:
        raise InputError(
            f"{len(missing):,} of {len(paths):,} images of {origin} are missing; the first is {missing[0][:300]}.",
            "The images were moved, or the archive is cut off.",
            f"Paths are relative to the folder of {PurePosixPath(label_file).name}.",
        )
    located = [Item(name, item.text) for name, item in zip(names, items, strict=True)]
    _check_one_text_each(located, origin)
    return located


def _check_one_text_each(items: Sequence[Item], origin: str) -> None:
    texts: dict[str, str] = {}
    wrong = [item for item in items if texts.setdefault(item.name, item.text) != item.text]
    if wrong:
        first, text = wrong[0].name, wrong[0].text
        raise InputError(
            f"{len(wrong):,} labels in {origin} contradict another of the same image; the first is of {first[:300]}.",
            f"It is {texts[first][:80]!r} and {text[:80]!r}.",
            "Keep the right one.",
        )


def _leaves(path: str) -> bool:
    return path.startswith("/") or _DRIVE.match(path) is not None or "\0" in path or ".." in path.split("/")


def _plain(path: str) -> str:
    """The path without parts that mean nothing, as in `./a//b`."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _with_base(paths: list[str], files: Container, label_file: str) -> list[str]:
    """Names of files for paths, in the first place where most of a few samples are."""
    label = PurePosixPath(label_file)
    folder = [name.removesuffix(".tar").removesuffix(".zip") for name in _folder_name(files.title(label_file))]
    places = [_Place(), *(_Place(f"{base}/") for base in (*_IMAGE_FOLDERS, label.stem))]
    places += [_Place(dropped=f"{name}/") for name in folder]
    sample = paths[:: max(1, len(paths) // _SAMPLE)]
    found = [sum(files.has(place.name(path)) for path in sample) for place in places]
    return [places[found.index(max(found))].name(path) for path in paths]


def _folder_name(title: str) -> list[str]:
    """The name of the folder or archive that holds a file, from the file's title; empty if it has none."""
    return title.replace(":", "/").split("/")[-2:-1]


class _Place(NamedTuple):
    """How a file is found from a path: a folder is put before it, or the first folder is dropped."""

    base: str = ""
    dropped: str = ""

    def name(self, path: str) -> str:
        return self.base + path.removeprefix(self.dropped)
