"""Finds the labels of the images in a folder or an archive, and says which files were not understood."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.container import Below, Container, Folder
from crnn_deploy.data.sources.encoded import EncodedSource, is_image, of_files
from crnn_deploy.data.sources.label_files import (
    LABELS,
    LAYOUTS,
    UnknownLayoutError,
    find_layout,
    may_hold_labels,
    numbers_of,
    read_items,
)
from crnn_deploy.data.sources.label_paths import locate_images
from crnn_deploy.data.sources.layouts.layout import Layout
from crnn_deploy.data.sources.pages.opening import is_page, open_pages
from crnn_deploy.data.sources.sidecars import is_sidecar, read_sidecars
from crnn_deploy.data.sources.texts import check_texts
from crnn_deploy.data.sources.vectors import NO_NUMBERS, Numbers
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress


@dataclass(frozen=True)
class LabelFiles:
    """The files of a container that may hold labels.

    Attributes:
        understood: layouts by name.
        unread: for each name of another file why it was not understood.
        sidecars: whether there are texts beside single images.
        pages: names of PAGE and ALTO XML files.
        names: of all files.
    """

    understood: dict[str, Layout]
    unread: dict[str, UnknownLayoutError]
    sidecars: bool
    pages: tuple[str, ...]
    names: Sequence[str]


def find_label_files(files: Container) -> LabelFiles:
    """Look into each file that may hold labels.

    Raises:
        InputError: if a `labels.tsv` can't be read.
    """
    names = list(files.names())
    understood: dict[str, Layout] = {}
    unread: dict[str, UnknownLayoutError] = {}
    pages: list[str] = []
    for name in filter(may_hold_labels, names):
        if is_sidecar(name):
            continue
        if is_page(files, name):
            pages.append(name)
            continue
        try:
            understood[name] = find_layout(files, name)
        except UnknownLayoutError as reason:
            if PurePosixPath(name).name == LABELS:
                raise
            unread[name] = reason
    return LabelFiles(understood, unread, any(map(is_sidecar, names)), tuple(pages), names)


def open_labelled(files: Container, found: LabelFiles, progress: Progress) -> Source | None:
    """Lines of text with the labels of one label file, of the texts beside the images, or of XML files for whole pages;
    None if there are none.

    `labels.tsv` goes before all others; of other label files there may be only one. They go before texts beside the
    images, and these before pages.

    Raises:
        InputError: if several label files are there, or what the one says is wrong.
    """
    chosen = _choose(files, found.understood)
    if chosen is not None:
        others = [
            *(name for name in found.understood if name != chosen),
            *found.unread,
            *[".gt.txt"] * found.sidecars,
            *found.pages,
        ]
        if others:
            progress.log(f"{files.title(chosen)} gives the labels of {files.name}; not read: {_list(others)}")
        return open_label_file(files, chosen, progress)
    if found.pages and not found.sidecars:
        if found.unread:
            progress.log(f"The XML files give the lines of {files.name}; not read: {_list(list(found.unread))}")
        return open_pages(files, found.pages, progress)
    if not found.sidecars:
        return None
    items = read_sidecars(files, found.names)
    check_texts([item.name for item in items], [item.text for item in items], files.name, progress)
    others = [*found.unread, *found.pages]
    if others:
        progress.log(f"The .gt.txt files give the labels of {files.name}; not read: {_list(others)}")
    return _source(files, items)


def open_label_file(files: Container, name: str, progress: Progress) -> EncodedSource:
    """Lines of text with the labels of this file; paths of its images are relative to its folder.

    Images without a label are left out, which is said.

    Raises:
        InputError: if what it says is wrong, or an image that it names is missing.
    """
    base, slash, own = name.rpartition("/")
    inside = Below(files, base + slash) if base else files
    layout = find_layout(inside, own)
    items = locate_images(read_items(inside, own, layout), inside, own, progress)
    labelled = {item.name for item in items}
    beside = labelled.union(_images_beside(inside, labelled))
    if len(beside) > len(labelled):
        example = min(beside - labelled)
        progress.log(
            f"{files.title(name)} has a label for {len(labelled):,} of {len(beside):,} images; left out are the "
            f"others, such as {example}."
        )
    return _source(inside, items, numbers_of(inside, own, layout))


def _images_beside(files: Container, names: Collection[str]) -> Iterator[str]:
    """All images in the folders of these ones."""
    folders = {name.rpartition("/")[0] for name in names}
    if isinstance(files, Folder):
        inside = [f"{folder}/{name}".lstrip("/") for folder in folders for name in Folder(files.path / folder).names()]
    else:
        inside = [name for name in files.names() if name.rpartition("/")[0] in folders]
    return filter(is_image, inside)


def check_understood(
    files: Container, unread: Mapping[str, UnknownLayoutError], needs_labels: bool, progress: Progress
) -> None:
    """Raise `InputError` if labels are needed and a file that may hold them was not understood; else say so."""
    if not unread:
        return
    first = next(iter(unread.values()))
    if not needs_labels:
        progress.log(f"{files.name} is read without labels; not understood: {_list(list(unread))}")
        return
    raise InputError(
        f"{files.name} has label files that were not understood: {_list(list(unread))}.",
        "\n".join(filter(None, [first.what, first.cause])),
        f"Known are {'; '.join(layout.description for layout in LAYOUTS)}; NAME.gt.txt beside each image; and PAGE "
        "or ALTO XML for each page. "
        "Write labels.tsv with a line path⇥text for each image, or move a file away that holds no labels.",
    )


def _choose(files: Container, understood: dict[str, Layout]) -> str | None:
    """The label file that counts.

    Raises:
        InputError: if it isn't clear which.
    """
    own = sorted(name for name in understood if PurePosixPath(name).name == LABELS)
    candidates = own or sorted(understood)
    if not candidates:
        return None
    if LABELS in candidates or len(candidates) == 1:
        return LABELS if LABELS in candidates else candidates[0]
    folders = {name.rpartition("/")[0] for name in candidates}
    if len(folders) == len(candidates):
        raise InputError(
            f"{files.name} holds several sets: {_list(sorted(folders))}.",
            fix="Unpack it and name the folder of one of them.",
        )
    raise InputError(
        f"{files.name} holds several label files: {_list(candidates)}.",
        "They may be parts, such as one for training and one for validation, or the same labels in several layouts.",
        f"Name one of them, such as {files.title(candidates[0])}, or move the others away.",
    )


def _source(files: Container, items: list[Item], numbers: Numbers = NO_NUMBERS) -> EncodedSource:
    return of_files(files, "text", items, numbers=numbers)


def _list(names: Sequence[str]) -> str:
    return f"{', '.join(names[:5])}{f' and {len(names) - 5:,} more' * (len(names) > 5)}"
