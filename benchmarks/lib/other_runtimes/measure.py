"""Run files in one runtime on given tensors; needs no more than NumPy and that runtime, in an environment of their own.

python measure.py RUNTIME FOLDER

FOLDER holds `job.json` and `tensors.f32`, the images one after the other. It gets `NAME.f32` for each file, the logits
one after the other, and `result.json`.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import loaders
import numpy as np

WARMUP = 3


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    tensors = list(read_tensors(folder / "tensors.f32", job["shapes"]))
    result: dict[str, dict[str, Any]] = {}
    ready: dict[str, Callable[[], object]] = {}
    for file in job["files"]:
        scratch = folder / f"{name}-{file['name']}"
        scratch.mkdir()
        try:
            task = loaders.Task(Path(file["path"]), scratch, tensors[job["timed"]], job["library"])
            loaded = loaders.LOADERS[name](task)
            outputs = [np.asarray(loaded.run(tensor), np.float32) for tensor in tensors]
        except Exception as error:  # whatever a runtime raises is a result
            result[file["name"]] = {"refusal": f"{type(error).__name__}: {error}"}
            continue
        np.concatenate([output.ravel() for output in outputs]).tofile(folder / f"{file['name']}.f32")
        result[file["name"]] = {"size": loaded.size, "shapes": [output.shape for output in outputs]}
        ready[file["name"]] = lambda run=loaded.run: run(tensors[job["timed"]])
        (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")  # of runtimes that crash later
    for file_name, milliseconds in zip(ready, medians(list(ready.values()), job["seconds"]), strict=True):
        result[file_name]["ms"] = milliseconds
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def read_tensors(path: Path, shapes: list[list[int]]) -> Iterator[np.ndarray[Any, Any]]:
    """Each tensor of a file that holds them one after the other."""
    values = np.fromfile(path, np.float32)
    start = 0
    for shape in shapes:
        size = int(np.prod(shape))
        yield np.ascontiguousarray(values[start : start + size].reshape(shape))
        start += size


def medians(acts: list[Callable[[], object]], seconds: float) -> list[float]:
    """Median milliseconds of each act; all run in turns, each twice in a row, of which the second run counts."""
    times: list[list[float]] = [[] for _ in acts]
    end = time.monotonic() + seconds * len(acts)
    while acts and (time.monotonic() < end or len(times[0]) < WARMUP + 5):
        for act, own in zip(acts, times, strict=True):
            act()
            start = time.perf_counter()
            act()
            own.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(own[WARMUP:]) for own in times]


if __name__ == "__main__":
    main()
