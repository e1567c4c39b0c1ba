"""Stored results that a recipe does not refer to: which these are, and their removal."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crnn_deploy.errors import InputError
from crnn_deploy.files import is_leftover, remove
from crnn_deploy.folders import bytes_in
from crnn_deploy.pipeline.stage_cache import DONE, STAGE_FORMATS, Done

Kind = Literal["old result", "unfinished", "temporary"]

_DAY = 24 * 60 * 60
_RESULT = re.compile(rf"((?:{'|'.join(STAGE_FORMATS)})(?:-[\w-]+)?)-[0-9a-f]{{12}}")
_OUTPUTS = re.compile(r"(baseline|teacher|student)\..+|(record|evaluation|benchmark)\.json|lines\.tar")
"""What stages write, by which the files of an unfinished one are told from those of others."""


@dataclass(frozen=True)
class Disused:
    """What the recipe does not refer to at one place.

    Attributes:
        files: those to remove, in this order.
        foreign: files of others among them, which stay.
    """

    path: Path
    kind: Kind
    files: tuple[Path, ...]
    foreign: tuple[Path, ...] = ()

    @property
    def bytes(self) -> int:
        """Bytes of the files to remove."""
        return sum(map(bytes_in, self.files))

    def remove(self) -> None:
        """Remove the files, and the folders that are empty then. If it is interrupted, a new call goes on.

        Raises:
            InputError: if one can't be removed.
        """
        for file in self.files:
            remove(file)
            if os.path.lexists(file):
                raise InputError(f"{file} cannot be removed.", fix="Check the permissions of its folder.")
        folders = [path for path in self.path.rglob("*") if path.is_dir() and not path.is_symlink()]
        for folder in (*sorted(folders, reverse=True), self.path):
            with contextlib.suppress(OSError):  # files of others are in it
                folder.rmdir()


@dataclass(frozen=True)
class Referred:
    """The results that a recipe refers to.

    Attributes:
        names: of the folders of results that it refers to.
        complete: whether these are all. Otherwise other results stay of stages that none of the names belongs to.
        keep_days: results that were used in the last so many days stay too.
    """

    names: Collection[str]
    complete: bool
    keep_days: float = 0

    def spares(self, result: Path) -> bool:
        """Whether a result stays."""
        if result.name in self.names or time.time() - result.stat().st_mtime < self.keep_days * _DAY:
            return True
        return not self.complete and _stage(result.name) not in set(map(_stage, self.names))


def disused(stages: Path, referred: Referred) -> Iterator[Disused]:
    """What is not referred to in the folder of all results, and temporary files in those that are."""
    for path in sorted(stages.iterdir()):
        if not _is_result(path):
            if is_leftover(path):
                yield Disused(path, "temporary", (path,))
        elif not referred.spares(path):
            yield _result(path)
        elif not (path / DONE).exists():
            yield from (Disused(file, "temporary", (file,)) for file in _files(path) if is_leftover(file))


def foreign_files(stages: Path) -> list[Path]:
    """What lies beside the results and is none."""
    return [path for path in sorted(stages.iterdir()) if not _is_result(path) and not is_leftover(path)]


def _is_result(path: Path) -> bool:
    return _RESULT.fullmatch(path.name) is not None and path.is_dir() and not path.is_symlink()


def _stage(name: str) -> str:
    """The stage and the role in the name of a result."""
    match = _RESULT.fullmatch(name)
    return match[1] if match else name


def _result(folder: Path) -> Disused:
    """A whole result; `done.json` goes last, because it tells which files are ours."""
    done, last = _done(folder), folder / DONE
    files = [file for file in _files(folder) if file != last]
    own = [file for file in files if _is_own(file.relative_to(folder), done)]
    foreign = sorted(set(files).difference(own))
    if os.path.lexists(last):
        own.append(last)
    return Disused(folder, "old result" if done else "unfinished", tuple(own), tuple(foreign))


def _is_own(file: Path, done: Done | None) -> bool:
    """Whether a stage wrote this file of its folder."""
    if is_leftover(file) or is_leftover(Path(file.parts[0])):
        return True
    return _OUTPUTS.fullmatch(file.parts[0]) is not None if done is None else file.as_posix() in done.files


def _done(folder: Path) -> Done | None:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        return Done.model_validate_json((folder / DONE).read_text(encoding="utf-8"))
    return None


def _files(folder: Path) -> list[Path]:
    """All files and links below a folder, without those behind links."""
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
