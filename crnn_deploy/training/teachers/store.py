"""Answers of teachers on disk, by the content of the image, for all trainings that ask a teacher in the same way."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from crnn_deploy.cache_limit import cache_place, in_use, limit_cache
from crnn_deploy.data.index.facts import Contents
from crnn_deploy.errors import InputError
from crnn_deploy.files import make_folder, remove
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.training.teachers.answers import Answer, decode, encode
from crnn_deploy.training.teachers.journal import Journal, left_records

if TYPE_CHECKING:  # of the extra `train`
    import lmdb

_LARGEST = 1 << 38  # bytes of address space, not of disk
# Answers that are looked for before the database is opened again, which takes what was read out of the memory: the
# system maps 64 kB to 2 MB around each.
_IN_ORDER, _AT_RANDOM = 1 << 15, 1 << 4
_ALL = b"all of "  # begins the keys of digests, which are longer than those of answers
_BLOCK = 1 << 23  # bytes that are committed together, for each of which the disk is waited for


class AnswerStore:
    """An LMDB in the cache folder, with a journal of the answers that are not yet in it.

    Answers are committed in blocks. If the process is killed, those that it has put are in its journal, and the next
    process that opens the store commits them. After a loss of power the last block may be missing.

    A damaged database is removed and made again. Until the store is closed, its answers are not evicted from the cache.
    One thread at a time may use it.

    Args:
        key: fingerprint of the teacher and of how it was asked.
        commits: whether this process writes to the database. Otherwise what it puts stays in its journal, until
            another process takes it over.

    Raises:
        InputError: if the folder can't be made, opened or written.
    """

    def __init__(self, key: str, progress: Progress = SILENT, commits: bool = True) -> None:
        self.path = store_folder(key)
        self._held = _held(self.path)
        limit_cache(self.path)
        database = _open(self.path)
        if database is None:
            progress.log(f"the stored answers in {self.path} are damaged: the teacher is asked again")
            for file in self.path.iterdir():
                remove(file)
            database = _open(self.path)
        if database is None:
            raise _not_opened(self.path, "its new database is damaged too")
        self._database = database
        self._process = os.getpid()
        self._looked_for = 0  # since the database was opened
        self._pending: dict[bytes, bytes] = {}
        self._journal: Journal | None = None  # of what is pending
        self._commits = commits
        if commits:
            self.take_over()

    def __contains__(self, content: bytes) -> bool:
        return self._data(content) is not None

    def __getitem__(self, content: bytes) -> Answer:
        """The answer for the image with this content hash.

        Raises:
            KeyError: if there is none.
            InputError: if it is damaged.
        """
        data = self._data(content)
        if data is None:
            raise KeyError(content)
        try:
            return decode(data)
        except (zlib.error, SafetensorError, KeyError, ValueError, IndexError) as error:
            raise InputError(
                f"An answer in {self.path} is damaged: {error}.",
                fix="Remove this folder: the teacher is asked again.",
            ) from None

    def lacking(self, contents: Contents) -> list[int]:
        """The places of the contents that have no answer; contents in order are found much faster."""
        lacking: list[int] = []
        for start in range(0, len(contents), _IN_ORDER):
            some = list(contents[start : start + _IN_ORDER])
            with self._database.begin(buffers=True) as transaction:
                stored = list(map(transaction.cursor().set_key, some))
            self.reopen()
            lacking += [start + place for place, is_stored in enumerate(stored) if not is_stored]
        return [place for place in lacking if contents[place] not in self._pending]

    def has_all(self, digest: bytes) -> bool:
        """Whether `note_all` was told that all contents with this digest have answers, which takes no looking up."""
        return self._data(_ALL + digest) is not None

    def note_all(self, digest: bytes) -> None:
        """Note that all contents of a source have answers, which no store loses; the digest tells which they are.

        Raises as `put` does.
        """
        with self._writing():
            self._commit({_ALL + digest: b"\x01"})

    def put(self, answers: Mapping[bytes, Answer]) -> None:
        """Store answers by the content hash of their images.

        Raises:
            InputError: if the disk is full.
        """
        with self._writing():
            records = {content: encode(answer) for content, answer in answers.items()}
            self._journal = self._journal or Journal(self.path)
            self._journal.append(records)
            if not self._commits:
                return
            self._pending |= records
            if sum(map(len, self._pending.values())) >= _BLOCK:
                self.commit()

    def commit(self) -> None:
        """Move all answers into the database, where other processes see them; or close the journal that holds them.

        Raises as `put` does.
        """
        with self._writing():
            self._commit(self._pending)
            if self._journal is not None:
                self._journal.close(remove=self._commits)
            self._pending, self._journal = {}, None

    def take_over(self) -> None:
        """Move the answers of all journals into the database whose processes have closed them, or were killed."""
        with self._writing():
            for records in left_records(self.path):
                self._commit(records)

    def reopen(self) -> None:
        """Open the database again, to see what another machine has written, or to have less of it in the memory."""
        self._database.close()
        database = _open(self.path)
        if database is None:
            raise _not_opened(self.path, "it is damaged")
        self._database, self._process, self._looked_for = database, os.getpid(), 0

    def close(self) -> None:
        """Commit, and close the database."""
        try:
            self.commit()
        finally:
            self._database.close()
            self._held.close()
            limit_cache(self.path)

    def _data(self, content: bytes) -> bytes | None:
        # In a forked process LMDB would take the two for one reader.
        if self._process != os.getpid() or self._looked_for == _AT_RANDOM:
            self.reopen()
        self._looked_for += 1
        with self._database.begin() as transaction:
            return self._pending.get(content) or transaction.get(content)

    def _commit(self, records: Mapping[bytes, bytes]) -> None:
        if records:
            with self._database.begin(write=True) as transaction:
                for content, data in records.items():
                    transaction.put(content, data)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Raise `InputError` for what goes wrong when the disk is full."""
        import lmdb

        try:
            yield
        except (lmdb.Error, OSError) as error:
            raise InputError(
                f"The teacher's answers cannot be kept in {self.path}: {error}.",
                "The disk is full, or the folder is not writable.",
                "Free some space, or name another folder with CRNN_DEPLOY_CACHE; the same command continues.",
            ) from None


def store_folder(key: str) -> Path:
    """Where the store of this key is."""
    return cache_place("teachers") / key


def _held(folder: Path) -> contextlib.ExitStack:
    """Make a folder and hold it, until the stack is closed."""
    stack = contextlib.ExitStack()
    while True:
        make_folder(folder)
        with contextlib.suppress(FileNotFoundError):  # another process just evicted it
            stack.enter_context(in_use(folder))
            return stack


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
