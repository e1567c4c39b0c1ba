"""Folders that are written whole or not at all: under a temporary name beside their own, then renamed. Their sizes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from crnn_deploy.files import remove, temporary_beside, unwritable


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`; on success it takes the place of `folder`, on any failure it is removed.

    What was there before, a folder or a link to one, stays until then. Check before whether it may be replaced.

    Raises:
        InputError: if the disk is full, or the folder can't be written.
    """
    folder = folder.absolute()  # because "." has no name
    new, old = temporary_beside(folder), temporary_beside(folder)
    try:
        new.mkdir(parents=True)
        yield new
        if os.path.lexists(folder):
            folder.replace(old)
        try:
            new.replace(folder)
        except BaseException:
            if os.path.lexists(old):
                old.replace(folder)
            raise
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        remove(new)
        remove(old)


def bytes_in(path: Path) -> int:
    """Bytes of a file, or of all files below a folder, without those behind links; 0 for what is not there."""
    try:
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_size
        return sum(map(bytes_in, path.iterdir()))
    except OSError:  # removed in between
        return 0
