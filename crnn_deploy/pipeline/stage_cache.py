"""Stage results by content: a stage runs only if something that it depends on has changed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeVar

from crnn_deploy.config import Frozen
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.files import make_folder, remove, remove_leftovers, sha256_of, write_text
from crnn_deploy.progress import Progress
from crnn_deploy.report.run.variant import ModelStage

R = TypeVar("R")
StageName = Literal["render", "join", ModelStage, "language", "evaluate", "benchmark"]

STAGE_FORMATS: Mapping[StageName, int] = {
    "render": 1,
    "join": 1,
    "import": 1,
    "train": 1,
    "export": 1,
    "distill": 2,
    "language": 1,
    "quantize": 4,
    "build-engine": 1,
    "evaluate": 3,
    "benchmark": 3,
}
"""Raise the number of a stage when its code gives another result for the same inputs; old results are not used then."""

DONE = "done.json"
"""The file that a stage's folder holds once its result is complete."""

_TOOLS = ("crnn-deploy", "torch", "onnx", "onnxruntime", "numpy", "pillow")


class StageRecord(Frozen):
    """One stage in the manifest of a run. `seconds` are those of the run that did the work.

    `role` tells stages of the same name apart, such as `student-int8` for `evaluate`.
    """

    stage: StageName
    role: str
    folder: str
    key: str
    cached: bool
    seconds: float


class Done(Frozen):
    """What `done.json` holds: a stage is complete if it is there, and intact if the files have these hashes."""

    seconds: float
    depends: dict[str, Any]
    files: dict[str, str]


class NotMadeError(GateError):
    """A stage has no stored result, and none may be made."""


class StageCache:
    """Folders `STAGE-ROLE-KEY` below `root`; each is complete once it holds `done.json`.

    A stage that was interrupted gets its folder as it was, so it can continue there. A damaged result is made again.
    `records` are the stages that ended, `used` the names of all folders, also those of stages that were rejected,
    `missing` the stages without a stored result that were not run.

    Args:
        only_stored: run no stage and change no file; `result` raises `NotMadeError` where a stage would run.
    """

    def __init__(self, root: Path, progress: Progress, only_stored: bool = False) -> None:
        self.root = root
        self.progress = progress
        self.only_stored = only_stored
        self.records: list[StageRecord] = []
        self.used: set[str] = set()
        self.missing: list[str] = []
        self._tools = {name: version(name) for name in _TOOLS}

    def result(
        self,
        stage: StageName,
        role: str,
        depends: Mapping[str, Any],
        work: Callable[[Path], object],
        read: Callable[[Path], R],
    ) -> R:
        """The result of a stage, after `work(folder)` has written it if it is not stored yet.

        Args:
            role: what tells this stage from others of its name; may be empty.
            depends: everything that the result depends on, as plain data; files by their hash.
            read: takes the result from the folder; what it raises on a stored result means that this is damaged.

        Raises:
            NotMadeError: if there is no intact result, and stages are not to be run.
        """
        title = _title(stage, role)
        ingredients = {
            "stage": title,
            "format": STAGE_FORMATS[stage],
            "tools": self._tools,
            **depends,
        }
        key = hashlib.sha256(json.dumps(ingredients, sort_keys=True, default=str).encode()).hexdigest()
        folder = self.root / f"{title}-{key[:12]}"
        self.used.add(folder.name)
        stored = self._stored(title, folder, read)
        cached = stored is not None
        if stored is None:
            if self.only_stored:
                self.missing.append(title)
                raise NotMadeError(f"{title} has no result yet.")
            self.progress.log(f"{title}: running")
            stored = self._made(folder, ingredients, work), read(folder)
        done, result = stored
        if not self.only_stored:
            os.utime(folder)  # the last use, by which old results are pruned
        self.progress.log(f"{title}: {'unchanged' if cached else 'done'} ({done.seconds:.0f} s)")
        self.records.append(
            StageRecord(stage=stage, role=role, folder=folder.name, key=key, cached=cached, seconds=done.seconds)
        )
        return result

    def forget(self, stage: StageName) -> None:
        """Do this stage again in the next run, because its result decides nothing."""
        for record in self.records:
            if record.stage == stage:
                (self.root / record.folder / DONE).unlink(missing_ok=True)

    def _stored(self, title: str, folder: Path, read: Callable[[Path], R]) -> tuple[Done, R] | None:
        """A complete and intact result, if there is one."""
        if not os.path.lexists(folder) or _unfinished(folder):
            return None
        try:
            reason = "" if (folder / DONE).is_file() else f"{DONE} is no file"
            if not reason:
                done = Done.model_validate_json((folder / DONE).read_text(encoding="utf-8"))
                reason = _damage(folder, done)
            if not reason:
                return done, read(folder)
        except (InputError, ValueError, OSError, RecursionError) as error:
            reason = str(error).splitlines()[0]
        self.progress.log(f"{title}: the stored result is damaged and is made again ({reason})")
        return None

    def _made(self, folder: Path, ingredients: Mapping[str, Any], work: Callable[[Path], object]) -> Done:
        if not _unfinished(folder):
            remove(folder)  # it is damaged
        make_folder(folder)
        remove_leftovers(folder)
        started = time.monotonic()
        work(folder)
        done = Done(
            seconds=round(time.monotonic() - started, 1),
            depends=json.loads(json.dumps(ingredients, default=str)),
            files={name: sha256_of(folder / name) for name in _files(folder)},
        )
        write_text(folder / DONE, done.model_dump_json(indent=2))
        return done


def _unfinished(folder: Path) -> bool:
    """Whether a stage did not come to its end in this folder; it continues there."""
    return folder.is_dir() and not os.path.lexists(folder / DONE)


def _files(folder: Path) -> list[str]:
    """The files of a result, as they are named in `done.json`."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if name != DONE)


def _damage(folder: Path, done: Done) -> str:
    """What is wrong with the files of a stored result; empty if nothing is."""
    present = set(_files(folder))
    for name, digest in done.files.items():
        if name not in present:  # which also keeps names outside of the folder from being read
            return f"{name} is missing"
        if sha256_of(folder / name) != digest:
            return f"{name} has changed"
    return ""


def _title(stage: StageName, role: str) -> str:
    return f"{stage}-{role}" if role else stage
