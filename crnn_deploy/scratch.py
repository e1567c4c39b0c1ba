"""Folders for files that are needed for a moment, private to the user."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from crnn_deploy.errors import CrnnDeployError, InputError
from crnn_deploy.files import FULL_DISK
from crnn_deploy.locking import lock

_PREFIX = "crnn-deploy-"
_LOCK = ".lock"
_SCARCE = 1 << 16  # bytes; ONNX Runtime and PyTorch don't tell that a disk is full


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder in `$TMPDIR` with mode 0700, removed at the end; those of killed processes are removed too.

    Raises:
        InputError: if it can't be made, or an error came out of the block while its disk is full.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError as error:
        raise InputError(
            f"No temporary folder can be made: {error.strerror or error}.",
            "The disk of temporary files is full, or its folder is missing or not writable.",
            "Free some space, or name another folder in the variable TMPDIR.",
        ) from None
    _remove_leftovers(folder.parent, folder.stat().st_uid)
    try:
        with _locked(folder):
            yield folder
    except Exception as error:
        if _is_full(folder, error):
            raise no_space(folder.parent) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def no_space(place: Path) -> InputError:
    """The error for the user after the disk of temporary files in the folder `place` was full."""
    return InputError(
        f"No space left for temporary files in {place}.",
        fix="Free some space, or name a folder on another disk in the variable TMPDIR.",
    )


def _is_full(folder: Path, error: Exception) -> bool:
    """Whether an error comes from a full disk below `folder`, whose files are still there."""
    if isinstance(error, CrnnDeployError):
        return str(folder) in error.what and isinstance(error.__cause__, OSError) and error.__cause__.errno in FULL_DISK
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in FULL_DISK and str(error.filename or folder).startswith(str(folder))
    return shutil.disk_usage(folder).free < _SCARCE


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, even if it is killed."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            lock(stack.enter_context((folder / _LOCK).open("wb")).fileno())
        yield


def _remove_leftovers(place: Path, user: int) -> None:
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid == user and not folder.is_symlink():
                with (folder / _LOCK).open("rb+") as file:  # without a lock it may just have been made
                    lock(file.fileno())
                    shutil.rmtree(folder)
