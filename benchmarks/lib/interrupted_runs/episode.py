"""One run in a folder of its own, with its own cache and temporary files."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import yaml

from crnn_deploy.files import sha256_of
from interrupted_runs.disk import filled
from interrupted_runs.processes import left_over

SECONDS = 900  # after which a run has hung
_LAUNCH = Path(__file__).with_name("launch.py")
_LINES = {"charset": "ABCD", "max_length": 4, "max_height": 32}
_RECIPE: dict[str, Any] = {
    "name": "short",
    "title": "A short run",
    "baseline": {"checkpoint": "package:crnn_deploy/zoo/reader.safetensors"},
    "sources": {
        "train": {"render": {"count": 40, "seed": 1, **_LINES}},
        "evaluation": {"render": {"count": 16, "seed": 2, **_LINES}},
    },
    "distill": {"student": {"width": 0.25, "hidden": 8}, "epochs": 2, "batch_size": 8, "precision": "fp32"},
    "quantize": {"samples": 8},
    "evaluate": {"resamples": 50},
    "benchmark": {"rounds": 3, "warmup": 1},
    "budget": {"max_error_rise_over_parent": 1.0, "min_speedup": 0.01},
}
_MODELS = (".safetensors", ".onnx", ".engine")
_UNFINISHED = re.compile(r"~part|\.training(/|$)")


@dataclass(frozen=True)
class Outcome:
    """How a disturbed run ended: its last words on stderr, and what should not have been."""

    finished: bool
    last_words: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """A run that has come to its end: what identifies each artifact, all its files, and what should not be."""

    seconds: float
    artifacts: dict[str, str]
    files: frozenset[str]
    problems: tuple[str, ...]

    def differs(self, other: Finished) -> list[str]:
        """In what it differs from an undisturbed run."""
        names = self.artifacts.keys() | other.artifacts.keys()
        changed = sorted(name for name in names if self.artifacts.get(name) != other.artifacts.get(name))
        problems = [f"{name} is not that of the undisturbed run" for name in changed]
        problems += [f"{name} is left over" for name in sorted(self.files - other.files)]
        return problems + [f"{name} is missing" for name in sorted(other.files - self.files)]


class Episode:
    """A run, its cache and its temporary files below one folder.

    Args:
        plugin: a folder with compiled plugins for the cache; without it they are compiled.
    """

    def __init__(self, folder: Path, plugin: Path | None = None) -> None:
        self.name = folder.name
        self._folder = folder
        self._mark = f"INTERRUPTED_RUN={uuid.uuid4().hex}"
        for name in ("run", "cache", "tmp"):
            (folder / name).mkdir(parents=True)
        if plugin is not None and plugin.is_dir():
            shutil.copytree(plugin, self.plugin)
        engines = {"engines": {"precisions": ["fp16", "int8"]}} if importlib.util.find_spec("tensorrt_rtx") else {}
        (folder / "recipe.yaml").write_text(yaml.safe_dump({**_RECIPE, **engines}), encoding="utf-8")

    @property
    def plugin(self) -> Path:
        """The compiled plugins in the cache."""
        return self._folder / "cache" / "plugin"

    @property
    def needed_bytes(self) -> int:
        """Bytes of all files but the plugins."""
        files = [path for path in self._folder.rglob("*") if path.is_file() and self.plugin not in path.parents]
        return sum(path.stat().st_size for path in files)

    def kill_after(self, seconds: float) -> Outcome:
        """Start the run and kill its main process, and only that, at a moment."""
        with self._started() as (process, errors):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            finished = process.poll() is not None
            process.kill()
            lived_on = left_over(self._mark)
            return Outcome(finished, _stage(_read(errors)), tuple(f"lives on: {command}" for command in lived_on))

    def run_with_free_space(self, disk: Path, free: int) -> Outcome:
        """Run with only `free` bytes left on the disk; it must say so in one block, with exit code 2."""
        with filled(disk, free), self._started() as (process, file):
            process.wait(SECONDS)
            errors = _read(file)
        block = errors[errors.rfind("✗") :] if "✗" in errors else errors
        problems = [f"lives on: {command}" for command in left_over(self._mark)]
        if process.returncode not in (0, 1, 2):
            problems.append(f"exit code {process.returncode}: {errors[-1500:]}")
        if process.returncode == 2 and "pace" not in block:
            problems.append(f"does not tell that the disk is full: {block}")
        if "Traceback" in errors:
            problems.append(f"traceback: {errors[-1500:]}")
        problems += [f"{name} is left over" for name in self._files() if "~part" in name or name.startswith("tmp/")]
        return Outcome(process.returncode in (0, 1), block.splitlines()[0] if block else "", tuple(problems))

    def finish(self) -> Finished:
        """Run to the end."""
        began = time.monotonic()
        with self._started() as (process, file):
            process.wait(SECONDS)
            errors = _read(file)
        problems = [f"lives on: {command}" for command in left_over(self._mark)]
        if process.returncode not in (0, 1):  # the gates do not matter here
            problems.append(f"exit code {process.returncode}: {errors[-1500:]}")
        files = frozenset(self._files())
        problems += [f"{name} is left over" for name in files if _UNFINISHED.search(name) or name.startswith("tmp/")]
        run = self._folder / "run"
        artifacts = {path.name: _identity(path) for path in sorted(run.glob("*")) if path.suffix in _MODELS}
        return Finished(time.monotonic() - began, artifacts, files, tuple(problems))

    def remove(self) -> None:
        shutil.rmtree(self._folder)

    @contextlib.contextmanager
    def _started(self) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
        """The running process, and the file that its stderr goes to; it is on another disk than the run."""
        name, _, value = self._mark.partition("=")
        own = {
            **{name: value, "TMPDIR": str(self._folder / "tmp"), "CRNN_DEPLOY_CACHE": str(self._folder / "cache")},
            "PYTHONIOENCODING": "utf-8",
        }
        command = [sys.executable, str(_LAUNCH), "run", "recipe.yaml", "--out", "run"]
        nothing = subprocess.DEVNULL
        with tempfile.TemporaryFile() as errors:
            yield (
                subprocess.Popen(
                    command,
                    cwd=self._folder,
                    env={**os.environ, **own},
                    stdin=nothing,
                    stdout=nothing,
                    stderr=errors,
                    start_new_session=True,
                ),
                errors,
            )

    def _files(self) -> list[str]:
        """All files by their path; the keys of stages and answers, which depend on the engines' bytes, left out."""
        paths = (path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*"))
        return sorted(re.sub(r"(stages/[\w-]+-|cache/[\w-]+/)[0-9a-f]{12,}", r"\1KEY", path) for path in paths)


def _read(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode()


def _stage(errors: str) -> str:
    """The stage that a run was in."""
    told = re.findall(r"^([\w-]+): (running|done|unchanged)", errors, re.MULTILINE)
    return "before the first stage" if not told else f"{told[-1][0]}{'' if told[-1][1] == 'running' else ', after it'}"


def _identity(model: Path) -> str:
    """The hash of an artifact; of an engine, that of the graph that it was built from and that of its spec."""
    if model.suffix != ".engine":
        return sha256_of(model)
    facts: Mapping[str, Any] = json.loads(model.with_name(f"{model.name}.json").read_text(encoding="utf-8"))
    spec = json.dumps(facts["spec"], sort_keys=True)
    return f"{facts['engine']['lowered_sha256']} {hashlib.sha256(spec.encode()).hexdigest()}"
