"""Processes as `torchrun` starts them, for tests of what they do together.

They are forked from a server that has imported PyTorch and the trainings, because each import takes seconds.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import socket
from collections.abc import Callable
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_PRELOADED = ["crnn_deploy.training.distill", "crnn_deploy.training.devices", "lightning_fabric"]


def start(work: Callable[..., Any], folder: Path, *args: Any, count: int = 2) -> list[BaseProcess]:
    """Start `count` processes that call `work(*args)`; each writes what it returns into the folder.

    With a count of 1 there is no `torchrun`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    cache = os.environ.get("CRNN_DEPLOY_CACHE", "")
    environment = {"CUDA_VISIBLE_DEVICES": "", "CRNN_DEPLOY_CACHE": cache}
    processes: list[BaseProcess] = []
    for rank in range(count):
        places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
        places |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        named = environment | ({name: str(value) for name, value in places.items()} if count > 1 else {})
        arguments = (named, work, folder / f"{rank}.pickle", args)
        processes.append(context.Process(target=_work, args=arguments, daemon=True))  # ends with the tests
        processes[-1].start()
    return processes


def run(work: Callable[..., Any], folder: Path, *args: Any, count: int = 2) -> list[Any]:
    """The same to their end; what each has returned, by rank."""
    processes = start(work, folder, *args, count=count)
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * count
    return [pickle.loads((folder / f"{rank}.pickle").read_bytes()) for rank in range(count)]


def _work(environment: dict[str, str], work: Callable[..., Any], result: Path, args: tuple[Any, ...]) -> None:
    import torch

    os.environ |= environment
    torch.set_num_threads(1)
    result.write_bytes(pickle.dumps(work(*args)))
