"""One store of answers for several processes: all of them ask, and the first alone writes to the database.

What the others put stays in their journals until all have finished. So no two machines write to one database, which
LMDB does not allow on network file systems.
"""

from __future__ import annotations

import contextlib
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from crnn_deploy.errors import InputError
from crnn_deploy.files import cache_folder, unwritable
from crnn_deploy.progress import Progress
from crnn_deploy.ranks import Ranks
from crnn_deploy.training.teachers.store import AnswerStore, store_folder

_SEEN_AFTER = 5.0  # seconds that a network file system may need to show a new file


def open_by_ranks(key: str, ranks: Ranks, progress: Progress) -> AnswerStore:
    """The store in each process: that of the first commits what it gets, and what killed processes have left.

    Raises:
        InputError: as `AnswerStore` does, or if the cache folder of a process is another one.
    """
    if ranks.first:
        store = AnswerStore(key, progress)
    _check_shared(store_folder(key), ranks)
    return store if ranks.first else AnswerStore(key, progress, commits=False)


def share_answers(store: AnswerStore, contents: Sequence[bytes], ranks: Ranks) -> None:
    """Make the answers of all processes visible to each; each has committed its own.

    Args:
        contents: hashes of all images that were asked for.

    Raises:
        InputError: if answers are missing then.
    """
    if ranks.count == 1:
        return
    ranks.wait()
    if ranks.first:
        store.take_over()
    ranks.wait()
    if not ranks.first:
        store.reopen()
    lost = max(ranks.gather(sum(content not in store for content in contents)))
    if lost:
        raise InputError(
            f"{lost:,} of {len(contents):,} answers that the processes of this command wrote are not in {store.path}.",
            "Its file system does not show to one machine what another has written, or has no locks.",
            "Name a folder on another one in CRNN_DEPLOY_CACHE.",
        )


def _check_shared(folder: Path, ranks: Ranks) -> None:
    """Raise `InputError` in all processes unless each sees the files that the first writes into the folder."""
    if ranks.count == 1:
        return
    with _token(folder) if ranks.first else contextlib.nullcontext("") as name:
        token = folder / ranks.from_first(name)
        own = "" if _appears(token) else f"{cache_folder()} on {socket.gethostname()}"
        blind = [place for place in ranks.gather(own) if place]
    if blind:
        raise InputError(
            f"The cache folder {blind[0]} is another one than that of the first process.",
            "All processes put the answers of a teacher into one folder, and each machine has its own disk there.",
            "Name a folder that all machines share in CRNN_DEPLOY_CACHE, on each of them.",
        )


@contextlib.contextmanager
def _token(folder: Path) -> Iterator[str]:
    """A file in the folder, by its name, until the end of the block."""
    path = folder / f"{uuid.uuid4().hex}.token"
    try:
        path.touch()
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        yield path.name
    finally:
        path.unlink(missing_ok=True)


def _appears(path: Path) -> bool:
    end = time.monotonic() + _SEEN_AFTER
    while not path.exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
