"""Finds the facts of images in one pass over them, by several processes where there are many."""

from __future__ import annotations

import hashlib
import mmap
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.index.facts import Fact, Facts
from crnn_deploy.data.index.headers import plain_size
from crnn_deploy.data.picture import has_several_frames, open_image, seen_size
from crnn_deploy.data.stills import check_decodes
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.ranks import usable_cores

_BLOCK = 2048  # images
_WORTH_A_PROCESS = 10  # blocks
_UNREAD = Fact(0, 0, bytes(16), True, False)

Measure = Callable[[int], Fact]


def fact_of_file(read: Callable[[], bytes]) -> Fact:
    """What is known of an encoded image; one whose header or end looks unusual is decoded to see if it is broken."""
    try:
        data = read()
    except (OSError, InputError):
        return _UNREAD
    content = hashlib.blake2b(data, digest_size=16).digest()
    size = plain_size(data)
    if size is not None:
        return Fact(*size, content, False, False)
    try:
        return fact_of_image(open_image(data, ""), content)
    except InputError:
        return Fact(0, 0, content, True, False)


def fact_of_image(image: ImageOrClip, content: bytes) -> Fact:
    """What is known of an opened image or clip, which is decoded."""
    try:
        animated = has_several_frames(image)
        size = seen_size(image)
        check_decodes(image, "")
    except InputError:
        return Fact(0, 0, content, True, False)
    return Fact(*size, content, False, animated)


def measure(count: int, fact: Measure, name: str, progress: Progress) -> Facts:
    """The facts of `count` images.

    Args:
        fact: of the image of an index. It is called in forked processes where there are many images.
        name: of the source, for the progress.
    """
    blocks = -(-count // _BLOCK)
    processes = min(usable_cores(), blocks // _WORTH_A_PROCESS) if sys.platform == "linux" else 0
    if processes < 2:
        facts = Facts.empty(count)
        for block in progress.track(range(blocks), f"Indexing {name}", blocks):
            _fill(facts, block, fact)
        return facts
    return _measure_in_processes(count, fact, processes, f"Indexing {name}", progress)


def _measure_in_processes(count: int, fact: Measure, processes: int, what: str, progress: Progress) -> Facts:
    facts = Facts.empty(count, _shared)
    blocks = -(-count // _BLOCK)
    done = _shared((blocks,), np.bool_)
    context = multiprocessing.get_context("fork")
    shares = [range(first, blocks, processes) for first in range(processes)]
    workers = [context.Process(target=_work, args=(facts, share, fact, done), daemon=True) for share in shares]
    for worker in workers:
        worker.start()
    try:
        for _ in progress.track(_as_they_finish(workers, done), what, blocks):
            pass
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    for block in np.flatnonzero(~done).tolist():  # of a process that was killed
        _fill(facts, block, fact)
    return facts


def _work(facts: Facts, blocks: range, fact: Measure, done: NDArray[np.bool_]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its processes itself
    for block in blocks:
        _fill(facts, block, fact)
        done[block] = True


def _fill(facts: Facts, block: int, fact: Measure) -> None:
    for index in range(block * _BLOCK, min(len(facts), (block + 1) * _BLOCK)):
        facts.set(index, fact(index))


def _as_they_finish(workers: list[ForkProcess], done: NDArray[np.bool_]) -> Iterator[int]:
    """The number of each block that is finished, in no order of the images, until all processes have ended."""
    told = 0
    while told < len(done):
        running = any(worker.is_alive() for worker in workers)
        finished = int(done.sum())
        yield from range(told, finished)
        told = finished
        if not running:
            return
        time.sleep(0.01)


def _shared(shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """An array of zeros that forked processes share."""
    size = max(1, int(np.prod(shape)) * np.dtype(kind).itemsize)
    return np.frombuffer(mmap.mmap(-1, size), kind, int(np.prod(shape))).reshape(shape)
