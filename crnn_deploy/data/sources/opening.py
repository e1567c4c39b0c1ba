"""Recognises what kind of source is at a location, and opens it."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.data.sources.arrays import open_idx, open_npz
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.folder import (
    has_class_folders,
    has_images,
    open_class_folder,
    open_image_folder,
    open_labelled_folder,
)
from crnn_deploy.data.sources.labels import LABELS
from crnn_deploy.data.sources.lmdb import open_lmdb
from crnn_deploy.data.sources.tar import open_tar
from crnn_deploy.errors import InputError

_KINDS = (
    "a folder or .tar with labels.tsv (path⇥text), an LMDB, a folder or .tar of images, a folder with one sub-folder "
    "for each class, an MNIST images-idx3 file (or its folder), or an .npz with x and y"
)


def open_source(location: Path | str) -> Source:
    """Open the source at `location`.

    Raises:
        InputError: if nothing is there, if it is of no known kind, or if it is empty or broken.
    """
    if not str(location):
        raise InputError("The path of a data set is empty.", fix="Check the command or the variable behind it.")
    path = Path(location)
    if path.is_dir():
        return _open_folder(path)
    if not path.exists():
        raise InputError(f"{path} does not exist.", fix="Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty.", fix="Fetch or make the file again.")
    if path.suffix == ".npz":
        return open_npz(path)
    if "idx3" in path.name:
        return open_idx(path)
    if path.name == LABELS:
        return open_labelled_folder(path.parent)
    if path.name == "data.mdb":
        return open_lmdb(path.parent)
    if ".tar" in path.suffixes:
        return open_tar(path)
    raise InputError(f"{path} is not a data set that crnn-deploy can read.", f"It reads {_KINDS}.")


def _open_folder(folder: Path) -> Source:
    if (folder / LABELS).exists():
        return open_labelled_folder(folder)
    if (folder / "data.mdb").exists():
        return open_lmdb(folder)
    idx = sorted(path for path in folder.iterdir() if "idx3" in path.name)
    if len(idx) == 1:
        return open_idx(idx[0])
    if idx:
        raise InputError(
            f"{folder} holds several IDX files: {', '.join(path.name for path in idx)}.", fix="Name one of them."
        )
    if has_class_folders(folder) and has_images(folder):
        raise InputError(
            f"{folder} holds both images and sub-folders with images.",
            "It could mean classes, or images without labels.",
            "Move the images or the sub-folders to another folder.",
        )
    if has_class_folders(folder):
        return open_class_folder(folder)
    if has_images(folder):
        return open_image_folder(folder)
    if not any(folder.iterdir()):
        raise InputError(f"{folder} is empty.", fix="Check the path.")
    raise InputError(f"{folder} is not a data set that crnn-deploy can read.", f"It reads {_KINDS}.")
