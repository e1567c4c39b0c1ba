"""Answers of teachers on disk, by the content of the image, for all trainings that ask a teacher in the same way."""

from __future__ import annotations

import os
import shutil
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from crnn_deploy.errors import InputError
from crnn_deploy.files import cache_folder, make_folder
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.training.teachers.answers import Answer, decode, encode

if TYPE_CHECKING:  # of the extra `train`
    import lmdb

_LARGEST = 1 << 38  # bytes of address space, not of disk
_DAY = 24 * 60 * 60


class AnswerStore:
    """An LMDB in the cache folder. Each `put` is one transaction, so an interruption leaves complete answers.

    A damaged database is removed and made again.

    Args:
        key: fingerprint of the teacher and of how it was asked.

    Raises:
        InputError: if the folder can't be made or opened.
    """

    def __init__(self, key: str, progress: Progress = SILENT) -> None:
        self.path = _folder() / key
        make_folder(self.path)
        database = _open(self.path)
        if database is None:
            progress.log(f"the stored answers in {self.path} are damaged: the teacher is asked again")
            shutil.rmtree(self.path)
            make_folder(self.path)
            database = _open(self.path)
        if database is None:
            raise _not_opened(self.path, "its new database is damaged too")
        self._database = database
        os.utime(self.path)  # the last use, by which old answers are pruned

    def __contains__(self, content: bytes) -> bool:
        with self._database.begin() as transaction:
            return transaction.get(content) is not None

    def __getitem__(self, content: bytes) -> Answer:
        """The answer for the image with this content hash.

        Raises:
            KeyError: if there is none.
            InputError: if it is damaged.
        """
        with self._database.begin() as transaction:
            data = transaction.get(content)
        if data is None:
            raise KeyError(content)
        try:
            return decode(data)
        except (zlib.error, SafetensorError, KeyError, ValueError, IndexError) as error:
            raise InputError(
                f"An answer in {self.path} is damaged: {error}.",
                fix="Remove this folder: the teacher is asked again.",
            ) from None

    def put(self, answers: Mapping[bytes, Answer]) -> None:
        """Store answers by the content hash of their images.

        Raises:
            InputError: if the disk is full.
        """
        import lmdb

        try:
            with self._database.begin(write=True) as transaction:
                for content, answer in answers.items():
                    transaction.put(content, encode(answer))
        except lmdb.Error as error:
            raise InputError(
                f"The teacher's answers cannot be kept in {self.path}: {error}.",
                "The disk is full, or the folder is not writable.",
                "Free some space, or name another folder with CRNN_DEPLOY_CACHE; the same command continues.",
            ) from None

    def close(self) -> None:
        self._database.close()


def stored_answers_size() -> int:
    """Bytes on disk of the answers of all teachers."""
    return sum(map(_size, _stores()))


def prune_answers(keep_days: float | None, max_bytes: int | None) -> int:
    """Remove answers that were not used lately; they can be asked for again.

    Args:
        keep_days: days since the last use after which the answers of a teacher are removed; None: no limit.
        max_bytes: size of all answers together; those that were used longest ago are removed first. None: no limit.

    Returns:
        Bytes that were freed.
    """
    before = stored_answers_size()
    by_last_use = sorted(_stores(), key=_last_use)
    kept = before
    for store in by_last_use:
        expired = keep_days is not None and time.time() - _last_use(store) > keep_days * _DAY
        if expired or (max_bytes is not None and kept > max_bytes):
            kept -= _size(store)
            shutil.rmtree(store, ignore_errors=True)
    return before - stored_answers_size()


def _folder() -> Path:
    return cache_folder() / "teachers"


def _stores() -> list[Path]:
    return [path for path in _folder().iterdir() if path.is_dir()] if _folder().is_dir() else []


def _last_use(store: Path) -> float:
    return store.stat().st_mtime


def _size(store: Path) -> int:
    return sum(file.stat().st_size for file in store.iterdir())


def _open(folder: Path) -> lmdb.Environment | None:
    """The database in a folder, which is made if need be; None if it is damaged.

    Raises:
        InputError: if it can't be opened for another reason.
    """
    import lmdb

    try:
        database = lmdb.open(str(folder), map_size=_LARGEST, max_readers=512, readahead=False)
        needed = (database.info()["last_pgno"] + 1) * database.stat()["psize"]
    except (lmdb.CorruptedError, lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.PageNotFoundError):
        return None
    except lmdb.Error as error:
        raise _not_opened(folder, error) from None
    if (folder / "data.mdb").stat().st_size >= needed:
        return database
    database.close()  # cut off: reading behind the end of the file would kill the process
    return None


def _not_opened(folder: Path, reason: object) -> InputError:
    return InputError(
        f"The teacher's answers in {folder} cannot be opened: {reason}.",
        "The disk is full, or the folder is not writable.",
        "Free some space, or name another folder with CRNN_DEPLOY_CACHE.",
    )
