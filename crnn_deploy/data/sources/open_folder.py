"""Recognises what kind of source a folder is, and opens it."""

from __future__ import annotations

import os
from pathlib import Path

from crnn_deploy.data.index.extents import Places
from crnn_deploy.data.index.keeping import KeptIndex
from crnn_deploy.data.sources.archive import open_shards
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.clips import find_classes, open_clips
from crnn_deploy.data.sources.container import ByName, Folder, is_file, is_folder
from crnn_deploy.data.sources.encoded import is_image
from crnn_deploy.data.sources.folder import (
    SubFolder,
    is_image_folder,
    lists_classes,
    open_class_folder,
    open_image_folder,
    sub_folders,
)
from crnn_deploy.data.sources.idx import open_idx
from crnn_deploy.data.sources.label_files import LABELS, UnknownLayoutError, may_hold_labels
from crnn_deploy.data.sources.labelled import LabelFiles, check_understood, find_label_files, open_labelled
from crnn_deploy.data.sources.lmdb import LMDB_FILE, find_lmdbs, open_lmdb, open_lmdbs
from crnn_deploy.data.sources.pages.opening import open_pages, pages_below
from crnn_deploy.data.sources.parquet import one_part, open_parquets
from crnn_deploy.data.sources.reopening import reopened
from crnn_deploy.data.sources.video import is_video
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.units import listed

KINDS = (
    "a folder, .tar or .zip with labels.tsv (path⇥text) or another known label file, an LMDB or a folder of LMDBs, a "
    "folder, .tar or .zip of images (with names: before its path their file names are the labels), .tar shards of "
    "samples as WebDataset writes them or a folder of shards, a folder with one "
    "sub-folder for each class, of images, of videos or of folders with stills (with clips: before its path also "
    "without classes), an MNIST images-idx3 file (or its folder), an .npz with x and y, Parquet with images, or "
    "CIFAR's binary archive (with train: or test: before its path)"
)

_TABLES = "data"  # the sub-folder of tables in a data set of Hugging Face
_PAGE_FOLDERS = ("page", "alto")  # as Transkribus writes them below the images


class UnknownSourceError(InputError):
    """Nothing at a location looks like a source of a known kind."""


def unknown_source(path: Path) -> UnknownSourceError:
    """The error for a file or a folder that is of no known kind."""
    return UnknownSourceError(f"{path} is not a data set that crnn-deploy can read.", f"It reads {KINDS}.")


def open_folder(folder: Path, progress: Progress, needs_labels: bool) -> Source:
    """Open the source that a folder is; a large one from the index that was kept.

    Raises:
        InputError: if it is none, or is empty or broken.
    """

    def anew(progress: Progress) -> Source:
        return _open_anew(folder, progress, needs_labels)

    def places(kept: KeptIndex) -> Places:
        assert kept.names is not None
        return ByName(Folder(folder), kept.names)

    return reopened(folder, needs_labels, progress, anew, places)


def _open_anew(folder: Path, progress: Progress, needs_labels: bool) -> Source:
    files = Folder(folder)
    for name in (LABELS, LMDB_FILE):
        if os.path.lexists(folder / name) and not is_file(folder / name):
            raise InputError(f"{folder / name} is no file.", "It is a folder, a pipe, or a link to nothing.")
    arrays = _arrays(files)
    if not is_file(folder / LABELS):
        if arrays:
            return _open_database_or_arrays(files, arrays, progress)
    elif arrays:
        progress.log(f"{folder / LABELS} gives the labels of {folder}; not read: {listed(arrays)}")
    found = find_label_files(files)
    labelled = open_labelled(files, found, progress)
    return labelled if labelled is not None else _open_without_label_file(files, found, progress, needs_labels)


def shard_files(folder: Path) -> list[Path]:
    """The Parquet files or the .tar shards of a folder that is a set of them, or of its sub-folder `data`; empty for
    any other folder.

    Raises:
        InputError: if they are of several parts of a set.
    """
    names = [name for name in Folder(folder).names() if not name.startswith(".")]
    if any(is_image(name) or name in (LABELS, LMDB_FILE) for name in names):
        return []
    found = [[name for name in names if name.endswith(suffix)] for suffix in (".parquet", ".tar")]
    if any(found):
        return one_part(folder, found[0] or found[1])
    return shard_files(folder / _TABLES) if folder.name != _TABLES and is_folder(folder / _TABLES) else []


def _arrays(files: Folder) -> list[str]:
    """The LMDB or the IDX files with images directly in a folder."""
    return [name for name in files.names() if name == LMDB_FILE or "idx3" in name]


def _open_database_or_arrays(files: Folder, arrays: list[str], progress: Progress) -> Source:
    """The LMDB, or the only IDX file; other files that could have been meant are named."""
    idx = [name for name in arrays if name != LMDB_FILE]
    if LMDB_FILE not in arrays and len(idx) > 1:
        raise InputError(f"{files.path} holds several IDX files: {', '.join(idx)}.", fix="Name one of them.")
    taken = LMDB_FILE if LMDB_FILE in arrays else idx[0]
    others = [name for name in files.names() if name != taken and (is_image(name) or may_hold_labels(name))]
    others = [name for name in [*idx, *others] if name != taken]
    if others:
        progress.log(f"{files.path / taken} is read, which holds images with their labels; not read: {listed(others)}")
    return open_lmdb(files.path / taken, progress) if taken == LMDB_FILE else open_idx(files.path / taken)


def _open_without_label_file(files: Folder, found: LabelFiles, progress: Progress, needs_labels: bool) -> Source:
    """LMDBs in sub-folders, classes of images or clips in sub-folders, or images or clips without labels."""
    folder = files.path
    databases = find_lmdbs(folder)
    if databases:
        return open_lmdbs(folder, databases, progress)
    images = [name for name in found.names if is_image(name)]
    folders = sub_folders(folder)
    pages = [name for each in folders if each.name.lower() in _PAGE_FOLDERS for name in pages_below(files, each.name)]
    if images and pages:
        return open_pages(files, pages, progress)
    below = [each for each in folders if each.images]
    if images and below:
        raise InputError(
            f"{folder} holds both images and sub-folders with images.",
            "It could mean classes, or images without labels.",
            "Move the images or the sub-folders to another folder.",
        )
    if images or below:
        check_understood(files, _unread(found, folder, folders), needs_labels, progress)
    if is_image_folder(below):
        return open_folder(folder / below[0].name, progress, needs_labels)
    if below:
        return open_class_folder(folder, folders)
    if images:
        return open_image_folder(folder, images)
    shards = shard_files(folder)
    if shards:
        tars = shards[0].suffix == ".tar"
        return open_shards(shards, progress, needs_labels) if tars else open_parquets(shards, progress)
    clips = find_classes(folder) or (open_clips(folder) if any(map(is_video, found.names)) else None)
    if clips is not None:
        return clips
    if not any(folder.iterdir()):
        raise InputError(f"{folder} is empty.", fix="Check the path.")
    raise unknown_source(folder)


def _unread(found: LabelFiles, folder: Path, folders: list[SubFolder]) -> dict[str, UnknownLayoutError]:
    """Files and folders that may hold the labels of images beside them; lists of the names of classes do not."""
    below = [each for each in folders if each.images]
    unread = {name: why for name, why in found.unread.items() if not (below and lists_classes(folder / name, below))}
    for each in folders:
        if each.holds_labels and not each.images:
            unread[each.name] = UnknownLayoutError(f"{folder / each.name} has files that may be labels, but no images.")
    return unread
