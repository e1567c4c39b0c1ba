"""Stage results by content: a stage runs only if something that it depends on has changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from crnn_deploy.config import Frozen
from crnn_deploy.files import make_folder, remove_leftovers, write_text
from crnn_deploy.progress import Progress

_DONE = "done.json"
_TOOLS = ("crnn-deploy", "torch", "onnx", "onnxruntime", "numpy", "pillow")


class StageRecord(Frozen):
    """One stage as the manifest tells it. `seconds` are those of the run that really did it."""

    stage: str
    folder: str
    key: str
    cached: bool
    seconds: float


class StageCache:
    """Folders `STAGE-KEY` below `root`; each is complete once it holds `done.json`.

    A stage that was interrupted finds its folder as it left it, so it can go on there.
    """

    def __init__(self, root: Path, progress: Progress) -> None:
        self.root = root
        self.progress = progress
        self.records: list[StageRecord] = []
        self._tools = {name: version(name) for name in _TOOLS}

    def folder(self, stage: str, depends: Mapping[str, Any], work: Callable[[Path], object]) -> Path:
        """The folder of a stage with the given dependencies, after `work(folder)` has filled it if it was not there.

        Args:
            depends: all that the result depends on, as plain data; files by their hash.
        """
        told = {"stage": stage, "tools": self._tools, **depends}
        key = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        folder = self.root / f"{stage}-{key[:12]}"
        done = folder / _DONE
        cached = done.exists()
        if not cached:
            self.progress.log(f"{stage}: running")
            make_folder(folder)
            remove_leftovers(folder)
            started = time.monotonic()
            work(folder)
            seconds = round(time.monotonic() - started, 1)
            write_text(done, json.dumps({"seconds": seconds, "depends": told}, indent=2, sort_keys=True))
        seconds = json.loads(done.read_text())["seconds"]
        self.progress.log(f"{stage}: {'unchanged' if cached else 'done'} ({seconds:.0f} s)")
        self.records.append(StageRecord(stage=stage, folder=folder.name, key=key, cached=cached, seconds=seconds))
        return folder
