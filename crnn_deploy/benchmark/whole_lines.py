"""Measures what it costs to read whole lines, with several artifacts side by side."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypeVar

import numpy as np

from crnn_deploy.artifact import Artifact
from crnn_deploy.benchmark import first_line
from crnn_deploy.benchmark.reading_cost import ReadingCost, WidthTime
from crnn_deploy.child_process import child_process
from crnn_deploy.config import Frozen
from crnn_deploy.data.clip import Clip
from crnn_deploy.data.picture import file_bytes, picture, seen_size
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.environment import environment
from crnn_deploy.errors import CrnnDeployError, InputError
from crnn_deploy.package_process import package_command
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.reader import Reader
from crnn_deploy.scratch import scratch_folder

T = TypeVar("T")

_PASSES = 3  # of all lines in batches, and new processes
_WARMUP = 10  # lines
_GROUPS = 4  # of widths, with as many lines in each
_FEWEST = 8  # lines in a group


@dataclass(frozen=True)
class LineFile:
    """What an image file holds, and how many times as wide as high its picture is."""

    content: bytes
    aspect: float


class _LineTime(NamedTuple):
    """Milliseconds that one line takes: that pass, and of CPU time."""

    wall: float
    cpu: float


class FirstLine(Frozen):
    """What a new process needed that imported the package and read one line on one thread.

    `cpu_seconds` is its CPU time, `peak_bytes` the most memory that it had; None where the system does not tell.
    """

    cpu_seconds: float
    peak_bytes: int | None


def reading_costs(
    artifacts: Mapping[str, Artifact], source: Source, lines: int, progress: Progress = SILENT
) -> dict[str, ReadingCost]:
    """What reading costs with each artifact, by its name; all read the same lines, in turns.

    Only ONNX models that take a picture and nothing beside it are measured.

    Args:
        lines: to read; they are evenly spaced in the source. Broken ones are left out.

    Raises:
        InputError: if a model can't be loaded.
        GateError: if a model gives numbers that are not finite.
        CrnnDeployError: if a new process fails; the reason is on stderr.
    """
    models = {name: artifact for name, artifact in artifacts.items() if _reads_pictures(artifact)}
    files = line_files(source, lines) if models else []
    if not files:
        return {}
    times = _in_turns(_one_by_one(models, files), len(files), "Reading lines one by one", progress)
    rates = _in_turns(_in_batches(models, files), _PASSES, "Reading lines in batches", progress)
    with scratch_folder() as folder:
        image = folder / "line"
        image.write_bytes(sorted(files, key=lambda file: file.aspect)[len(files) // 2].content)
        starts = _in_turns(_in_new_processes(models, image), _PASSES, "Reading in new processes", progress)
    return {name: _cost(files, times[name], rates[name], starts[name]) for name in models}


def line_files(source: Source, count: int) -> list[LineFile]:
    """Up to `count` images of a source, evenly spaced in it, as files: those that it holds, or PNG. None of clips."""
    files = []
    for index in np.unique(np.linspace(0, len(source) - 1, count).round().astype(int)).tolist():
        try:
            image = source.image(index)
            if isinstance(image, Clip):
                return []
            picture(image, title(source, index), "RGB")  # raises where its pixels are broken
            width, height = seen_size(image)
            files.append(LineFile(file_bytes(source.image(index)), width / height))
        except InputError:
            continue
    return files


def by_width(files: Sequence[LineFile], milliseconds: Sequence[float]) -> Iterator[WidthTime]:
    """The times of narrow to wide lines, in groups of as many lines each; none where all are of one shape."""
    order = sorted(range(len(files)), key=lambda index: files[index].aspect)
    if files[order[0]].aspect == files[order[-1]].aspect:
        return
    groups = max(1, min(_GROUPS, len(files) // _FEWEST))
    for group in np.array_split(order, groups):
        yield WidthTime(
            narrowest=files[group[0]].aspect,
            widest=files[group[-1]].aspect,
            lines=len(group),
            p50_ms=median(milliseconds[index] for index in group),
        )


def _reads_pictures(artifact: Artifact) -> bool:
    seen = artifact.spec.preprocessing
    return artifact.format == "onnx" and seen.clips is None and not seen.vector


def _in_turns(
    acts: Mapping[str, Callable[[int], T]], turns: int, description: str, progress: Progress
) -> dict[str, list[T]]:
    """What each act gives in each turn; another one begins each time."""
    names = list(acts)
    found: dict[str, list[T]] = {name: [] for name in names}
    for turn in progress.track(range(turns), description, turns):
        for position in range(len(names)):
            name = names[(turn + position) % len(names)]
            found[name].append(acts[name](turn))
    return found


def _one_by_one(models: Mapping[str, Artifact], files: Sequence[LineFile]) -> dict[str, Callable[[int], _LineTime]]:
    """Acts that give the time of one line on one thread."""

    def act(reader: Reader, turn: int) -> _LineTime:
        start, cpu_start = time.perf_counter(), time.thread_time()
        reader(files[turn].content)
        cpu_end, end = time.thread_time(), time.perf_counter()
        return _LineTime(1e3 * (end - start), 1e3 * (cpu_end - cpu_start))

    readers = {name: Reader(artifact, threads=1) for name, artifact in models.items()}
    for reader in readers.values():
        for file in files[:_WARMUP]:
            reader(file.content)
    return {name: partial(act, reader) for name, reader in readers.items()}


def _in_batches(models: Mapping[str, Artifact], files: Sequence[LineFile]) -> dict[str, Callable[[int], float]]:
    """Acts that give how many lines a second are read in batches on all cores."""
    contents = [file.content for file in files]

    def act(reader: Reader, _: int) -> float:
        start = time.perf_counter()
        read = len(reader(contents))
        return read / (time.perf_counter() - start)

    readers = {name: Reader(artifact) for name, artifact in models.items()}
    for reader in readers.values():
        reader(contents[:_WARMUP])
    return {name: partial(act, reader) for name, reader in readers.items()}


def first_line_of(model: Path, image: Path) -> FirstLine:
    """What a new process needs for its first line.

    Raises:
        CrnnDeployError: if it fails; the reason is on stderr.
    """
    with child_process(package_command(first_line.main, str(model), str(image)), {}) as process:
        assert process.stdout is not None  # it is a pipe
        said = process.stdout.read()
    if process.returncode:
        raise CrnnDeployError(f"A new process could not read with {model}.", "The reason is above.")
    return FirstLine.model_validate(json.loads(said))


def _in_new_processes(models: Mapping[str, Artifact], image: Path) -> dict[str, Callable[[int], FirstLine]]:
    """Acts that give what a new process needs for its first line."""

    def act(artifact: Artifact, _: int) -> FirstLine:
        return first_line_of(artifact.path, image)

    return {name: partial(act, artifact) for name, artifact in models.items()}


def _cost(
    files: Sequence[LineFile], times: Sequence[_LineTime], rates: Sequence[float], starts: Sequence[FirstLine]
) -> ReadingCost:
    wall = [time.wall for time in times]
    p50, p90, p99 = np.percentile(wall, (50, 90, 99)).tolist()
    peaks = [start.peak_bytes for start in starts if start.peak_bytes is not None]
    return ReadingCost(
        lines=len(files),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        cpu_ms=median(time.cpu for time in times),
        by_width=tuple(by_width(files, wall)),
        lines_per_second=median(rates),
        cores=environment().cores,
        first_line_seconds=median(start.cpu_seconds for start in starts),
        peak_bytes=int(median(peaks)) if peaks else None,
    )
