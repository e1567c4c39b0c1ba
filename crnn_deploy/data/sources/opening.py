"""Recognises what kind of source is at a location, and opens it."""

from __future__ import annotations

import os
from pathlib import Path

from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.cifar import PARTS, is_cifar, open_cifar
from crnn_deploy.data.sources.container import Container, Folder, is_file, is_folder, read_image
from crnn_deploy.data.sources.encoded import EncodedSource, Item, is_image
from crnn_deploy.data.sources.folder import (
    SubFolder,
    is_image_folder,
    lists_classes,
    open_class_folder,
    open_image_folder,
    sub_folders,
)
from crnn_deploy.data.sources.idx import open_idx
from crnn_deploy.data.sources.invisible import tell_invisible
from crnn_deploy.data.sources.label_files import LABELS, UnknownLayoutError, may_hold_labels
from crnn_deploy.data.sources.labelled import (
    LabelFiles,
    check_understood,
    find_label_files,
    open_label_file,
    open_labelled,
)
from crnn_deploy.data.sources.lmdb import LMDB_FILE, find_lmdbs, open_lmdb, open_lmdbs
from crnn_deploy.data.sources.names import PREFIX, open_names
from crnn_deploy.data.sources.npz import open_npz
from crnn_deploy.data.sources.pages.opening import is_page, open_pages, pages_below
from crnn_deploy.data.sources.parquet import one_part, open_parquet, open_parquets
from crnn_deploy.data.sources.tar import Tar
from crnn_deploy.data.sources.zip import Zip
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.units import listed

_KINDS = (
    "a folder, .tar or .zip with labels.tsv (path⇥text) or another known label file, an LMDB or a folder of LMDBs, a "
    "folder, .tar or .zip of images (with names: before its path their file names are the labels), a folder with one "
    "sub-folder for each class, an MNIST images-idx3 file (or its folder), an .npz with x and y, Parquet with images, "
    "or CIFAR's binary archive (with train: or test: before its path)"
)

_PART_PREFIXES = tuple(f"{part}:" for part in PARTS)
_PAGE_FOLDERS = ("page", "alto")  # as Transkribus writes them below the images


def open_source(location: Path | str, progress: Progress = SILENT, needs_labels: bool = True) -> Source:
    """Open the source at `location`.

    Args:
        location: a path; or `names:` and the path of images whose file names are their texts; or `train:` or `test:`
            and the path of an archive with these parts.
        progress: is told what was chosen where there was a choice.
        needs_labels: whether a file that may hold labels and was not understood is refused. Otherwise the images are
            read without labels.

    Raises:
        InputError: if nothing is there, if it is of no known kind, or if it is empty or broken.
    """
    prefix = next((each for each in (PREFIX, *_PART_PREFIXES) if str(location).startswith(each)), "")
    place = str(location).removeprefix(prefix)
    if not place:
        raise InputError("The path of a data set is empty.", fix="Check the command or the variable behind it.")
    path = Path(place)
    try:
        if prefix == PREFIX:
            source: Source = open_names(_images_of(path), progress)
        elif prefix or (is_file(path) and is_cifar(path)):
            source = _open_part(path, prefix.removesuffix(":"), progress)
        else:
            source = _open(path, progress, needs_labels)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.", fix="Check the files and their permissions."
        ) from None
    if source.kind == "text":
        tell_invisible(source, progress)
    return source


def _open_part(path: Path, part: str, progress: Progress) -> Source:
    if not is_file(path):
        raise _nothing_at(path)
    if not is_cifar(path):
        raise InputError(f"{path} has no parts by name.", fix=f"Leave {part}: out.")
    return open_cifar(path, part, progress)


def _open(path: Path, progress: Progress, needs_labels: bool) -> Source:
    if is_folder(path):
        return _open_folder(path, progress, needs_labels)
    if not is_file(path):
        raise _nothing_at(path)
    return _open_file(path, progress, needs_labels)


def _nothing_at(path: Path) -> InputError:
    try:
        path.stat()
    except FileNotFoundError:
        return InputError(f"{path} does not exist.", fix="Check the path.")
    except (OSError, ValueError) as error:
        return InputError(
            f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}.", fix="Check the path."
        )
    return InputError(f"{path} is neither a file nor a folder.", "It is a pipe or a device.", "Check the path.")


def _open_file(path: Path, progress: Progress, needs_labels: bool) -> Source:
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty.", fix="Fetch or make the file again.")
    if path.suffix == ".npz":
        return open_npz(path)
    if "idx3" in path.name:
        return open_idx(path)
    if path.suffix in (".mdb", ".lmdb"):
        return open_lmdb(path)
    if _is_archive(path):
        return _open_archive(_archive(path), progress, needs_labels)
    if path.suffix == ".parquet":
        return open_parquet(path)
    if is_page(Folder(path.parent), path.name):
        return open_pages(Folder(path.parent), [path.name], progress)
    if may_hold_labels(path.name):
        return open_label_file(Folder(path.parent), path.name, progress)
    raise InputError(f"{path} is not a data set that crnn-deploy can read.", f"It reads {_KINDS}.")


def _images_of(path: Path) -> Container:
    """The folder or archive with the images of a set; of a folder it may be the only sub-folder, such as `images`."""
    if is_folder(path):
        below = [each for each in sub_folders(path) if each.images]
        own = any(map(is_image, Folder(path).names()))
        return Folder(path / below[0].name if is_image_folder(below) and not own else path)
    if not is_file(path):
        raise _nothing_at(path)
    if _is_archive(path):
        return _archive(path)
    raise InputError(f"{path} is no folder, .tar or .zip of images.", fix=f"Give one of these after {PREFIX}")


def _is_archive(path: Path) -> bool:
    return ".tar" in path.suffixes or path.suffix == ".zip"


def _archive(path: Path) -> Tar | Zip:
    return Tar(path) if ".tar" in path.suffixes else Zip(path)


def _open_archive(archive: Tar | Zip, progress: Progress, needs_labels: bool) -> Source:
    """Lines of text if the archive holds labels, or else its images without labels."""
    if archive.links:
        progress.log(f"{archive.name} holds {archive.links:,} links, which are not followed.")
    found = find_label_files(archive)
    labelled = open_labelled(archive, found, progress)
    if labelled is not None:
        return labelled
    items = [Item(name) for name in found.names if is_image(name)]
    if items:
        check_understood(archive, found.unread, needs_labels, progress)
    if len({item.name.rpartition("/")[0] for item in items}) > 1:
        progress.log(f"{archive.name} is read without labels; only in a folder are sub-folders taken for classes")
    return EncodedSource(archive.name, "unlabelled", items, lambda index: read_image(archive, items[index].name))


def _open_folder(folder: Path, progress: Progress, needs_labels: bool) -> Source:
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
    return open_lmdb(files.path / taken) if taken == LMDB_FILE else open_idx(files.path / taken)


def _open_without_label_file(files: Folder, found: LabelFiles, progress: Progress, needs_labels: bool) -> Source:
    """LMDBs in sub-folders, classes in sub-folders, or images without labels."""
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
        return _open_folder(folder / below[0].name, progress, needs_labels)
    if below:
        return open_class_folder(folder, folders)
    if images:
        return open_image_folder(folder, images)
    tables = [name for name in found.names if name.endswith(".parquet")]
    if tables:
        return open_parquets(one_part(folder, tables))
    if (folder / "data").is_dir() and any(Path(name).suffix == ".parquet" for name in Folder(folder / "data").names()):
        return _open_folder(folder / "data", progress, needs_labels)
    if not any(folder.iterdir()):
        raise InputError(f"{folder} is empty.", fix="Check the path.")
    raise InputError(f"{folder} is not a data set that crnn-deploy can read.", f"It reads {_KINDS}.")


def _unread(found: LabelFiles, folder: Path, folders: list[SubFolder]) -> dict[str, UnknownLayoutError]:
    """Files and folders that may hold the labels of images beside them; lists of the names of classes do not."""
    below = [each for each in folders if each.images]
    unread = {name: why for name, why in found.unread.items() if not (below and lists_classes(folder / name, below))}
    for each in folders:
        if each.holds_labels and not each.images:
            unread[each.name] = UnknownLayoutError(f"{folder / each.name} has files that may be labels, but no images.")
    return unread
