"""Recognises what kind of source is at a location, and opens it."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.data.sources.archive import archive_at, is_archive, open_archive
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.cifar import PARTS, is_cifar, open_cifar
from crnn_deploy.data.sources.clips import PREFIX as CLIPS
from crnn_deploy.data.sources.clips import ClipFiles, ClipSource, open_clips
from crnn_deploy.data.sources.container import Container, Folder, is_file, is_folder
from crnn_deploy.data.sources.encoded import is_image
from crnn_deploy.data.sources.folder import (
    is_image_folder,
    sub_folders,
)
from crnn_deploy.data.sources.idx import open_idx
from crnn_deploy.data.sources.label_files import may_hold_labels
from crnn_deploy.data.sources.labelled import (
    open_label_file,
)
from crnn_deploy.data.sources.lmdb import open_lmdb
from crnn_deploy.data.sources.names import PREFIX, open_names
from crnn_deploy.data.sources.npz import open_npz
from crnn_deploy.data.sources.open_folder import open_folder, unknown_source
from crnn_deploy.data.sources.pages.opening import is_page, open_pages
from crnn_deploy.data.sources.parquet import open_parquet
from crnn_deploy.data.sources.video import is_video
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress

_PREFIXES = (PREFIX, CLIPS, *(f"{part}:" for part in PARTS))
_ARRAYS = (".npz", ".mdb", ".lmdb", ".parquet")
_CHECKPOINT_STARTS = (b"PK\x03\x04", b"\x80\x02")  # of PyTorch's files, which some call `.pth.tar`


def open_source(location: Path | str, progress: Progress = SILENT, needs_labels: bool = True) -> Source:
    """Open the source at `location`.

    Args:
        location: a path; or `names:` and the path of images whose file names are their texts; or `clips:` and the path
            of a folder whose images are stills of clips; or `train:` or `test:` and the path of an archive with these
            parts.
        progress: is told what was chosen where there was a choice.
        needs_labels: whether a file that may hold labels and was not understood is refused. Otherwise the images are
            read without labels.

    Raises:
        InputError: if nothing is there, if it is of no known kind, or if it is empty or broken.
    """
    prefix, place = split_location(str(location))
    if not place:
        raise InputError("The path of a data set is empty.", fix="Check the command or the variable behind it.")
    path = Path(place)
    try:
        if prefix == PREFIX:
            source: Source = open_names(_images_of(path), progress)
        elif prefix == CLIPS and is_folder(path):
            source = open_clips(path)
        elif prefix == CLIPS:
            source = _open(path, progress, needs_labels)
        elif prefix or (is_file(path) and is_cifar(path)):
            source = _open_part(path, prefix.removesuffix(":"), progress)
        else:
            source = _open(path, progress, needs_labels)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.", fix="Check the files and their permissions."
        ) from None
    return source


def split_location(location: str) -> tuple[str, str]:
    """The prefix of a location, such as `names:`, or nothing; and the path behind it."""
    prefix = next((each for each in _PREFIXES if location.startswith(each)), "")
    return prefix, location.removeprefix(prefix)


def may_be_source(location: str) -> bool:
    """Whether a location is that of a source, as opposed to a model: a prefix, a folder, or the name of a file.

    Whether the source can be opened is not looked at.
    """
    prefix, place = split_location(location)
    path = Path(place)
    if prefix or not place or is_folder(path):
        return True
    if not is_file(path):
        return False
    name = path.name
    if ".tar" in path.suffixes:
        return not _begins_as_checkpoint(path)
    return path.suffix in (*_ARRAYS, ".zip") or "idx3" in name or is_video(name) or may_hold_labels(name)


def _begins_as_checkpoint(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4).startswith(_CHECKPOINT_STARTS)
    except OSError:
        return False


def _open_part(path: Path, part: str, progress: Progress) -> Source:
    if not is_file(path):
        raise _nothing_at(path)
    if not is_cifar(path):
        raise InputError(f"{path} has no parts by name.", fix=f"Leave {part}: out.")
    return open_cifar(path, part, progress)


def _open(path: Path, progress: Progress, needs_labels: bool) -> Source:
    if is_folder(path):
        return open_folder(path, progress, needs_labels)
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
        return open_lmdb(path, progress)
    if is_archive(path):
        return open_archive(path, progress, needs_labels)
    if path.suffix == ".parquet":
        return open_parquet(path, progress)
    if is_video(path.name):
        return ClipSource(path.parent, "unlabelled", [ClipFiles(path.name)])
    if is_page(Folder(path.parent), path.name):
        return open_pages(Folder(path.parent), [path.name], progress)
    if may_hold_labels(path.name):
        return open_label_file(Folder(path.parent), path.name, progress)
    raise unknown_source(path)


def _images_of(path: Path) -> Container:
    """The folder or archive with the images of a set; of a folder it may be the only sub-folder, such as `images`."""
    if is_folder(path):
        below = [each for each in sub_folders(path) if each.images]
        own = any(map(is_image, Folder(path).names()))
        return Folder(path / below[0].name if is_image_folder(below) and not own else path)
    if not is_file(path):
        raise _nothing_at(path)
    if is_archive(path):
        return archive_at(path)
    raise InputError(f"{path} is no folder, .tar or .zip of images.", fix=f"Give one of these after {PREFIX}")
