"""How the cost of opening, indexing and beginning a training grows with the number of lines; each in its own process.

    python benchmarks/scale/growth.py --lines DATA/sroie_lines/train.tar --work FOLDER -o benchmarks/results/scale

Makes an LMDB of each size from a few thousand real lines, whose files differ by a comment.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # of side_by_side

from make_lmdb import short_lines, write
from PIL import ImageFile

from crnn_deploy.api import DistillConfig, TrainConfig, distill, train
from crnn_deploy.data.sources.opening import open_source

_COUNTS = (10**3, 10**4, 10**5, 10**6, 10**7)
_STEP = ("cpu_s", "peak_mb", "own_mb", "decoded")


class _FirstStepError(Exception):
    """Ends the training where its first step would begin."""


def index(location: str) -> dict[str, Any]:
    """CPU seconds of all processes to open a source for the first time and to index it."""
    before = cpu_seconds()
    source = open_source(location)
    source.facts()
    return {"cpu_s": round(cpu_seconds() - before, 2), "peak_mb": _peak_mb()}


def reopen(location: str) -> dict[str, Any]:
    """CPU seconds and additional MB to open a source whose index is there, and to ask for it."""
    before, memory = cpu_seconds(), _peak_mb()
    source = open_source(location)
    source.facts()
    return {"cpu_s": round(cpu_seconds() - before, 3), "more_mb": _peak_mb() - memory}


def first_step(location: str) -> dict[str, Any]:
    """What a training needs until its first step."""

    def begin(output: Path) -> None:
        train(TrainConfig(data=location, model="crnn-bigru:hidden=32", output=output, validation_share=0.001))

    return until_first_step(begin)


def first_step_taught(location: str) -> dict[str, Any]:
    """What a distillation needs until its first step, if the answers of its teacher are stored."""
    teacher = Path(location).with_name("teacher.safetensors")
    if not teacher.exists():
        subprocess.run([sys.executable, __file__, "--store", location], check=True)

    def begin(output: Path) -> None:
        distill(DistillConfig(data=location, teachers=(teacher,), output=output, validation_share=0.001))

    return until_first_step(begin)


def until_first_step(begin: Callable[[Path], None]) -> dict[str, Any]:
    """CPU seconds, peak MB, MB that are no mapped files, and images that were decoded before the first step.

    Loading PyTorch and Lightning Fabric is not counted in the seconds, but in the memory.
    """
    from crnn_deploy.training.devices import start_fabric
    from crnn_deploy.training.loop import Trainer

    decoded = 0
    load = ImageFile.ImageFile.load

    def counted(image: ImageFile.ImageFile) -> Any:
        nonlocal decoded
        decoded += image.fp is not None
        return load(image)

    def stop(*_: object) -> None:
        raise _FirstStepError

    start_fabric("fp32")
    loaded = _own_cpu_seconds()
    with tempfile.TemporaryDirectory() as folder:
        ImageFile.ImageFile.load = counted  # type: ignore[method-assign]
        Trainer._train_step = stop  # type: ignore[method-assign]
        try:
            begin(Path(folder) / "m.safetensors")
        except _FirstStepError:
            used = round(_own_cpu_seconds() - loaded, 2)
            return {"cpu_s": used, "peak_mb": _peak_mb(), "own_mb": _memory_mb("RssAnon"), "decoded": decoded}
    raise RuntimeError("no first step")


_MEASURES: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "index": index,
    "reopen": reopen,
    "first_step": first_step,
    "first_step_taught": first_step_taught,
    "first_step_taught_again": first_step_taught,
}


def measured(name: str, location: Path, cache: Path) -> dict[str, Any]:
    """A measure in a process of its own."""
    environment = {**os.environ, "CRNN_DEPLOY_CACHE": str(cache)}
    command = [sys.executable, __file__, "--measure", name, "--lines", str(location)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(count: int, lines: list[tuple[bytes, bytes]], work: Path) -> dict[str, Any]:
    """All measures of one size; what was made for it is removed."""
    place = work / f"{count}"
    shutil.rmtree(place, ignore_errors=True)
    write(lines, count, place / "lmdb")
    found = {"lines": count} | {name: measured(name, place / "lmdb", place / "cache") for name in _MEASURES}
    shutil.rmtree(place)
    print(found, flush=True)
    return found


def blocks(rows: list[dict[str, Any]]) -> list[str]:
    from side_by_side import table

    heads = (
        *("lines", "index, CPU s", "peak MB", "open again, CPU s", "more MB"),
        *("train, CPU s", "peak MB", "own MB", "decoded"),
        *("distill, CPU s", "peak MB", "own MB", "decoded"),
        *("distill again, CPU s", "peak MB", "own MB", "decoded"),
    )
    cells = [
        (
            f"{row['lines']:,}",
            *(str(row["index"][key]) for key in ("cpu_s", "peak_mb")),
            *(str(row["reopen"][key]) for key in ("cpu_s", "more_mb")),
            *(str(row["first_step"][key]) for key in _STEP),
            *(str(row["first_step_taught"][key]) for key in _STEP),
            *(str(row["first_step_taught_again"][key]) for key in _STEP),
        )
        for row in rows
    ]
    told = (
        "LMDBs in the layout of deep-text-recognition-benchmark, made of 2,000 real receipt lines at 32 pixels of "
        "height (JPEG), each copy with a comment that makes its content unique. *Index*: the source is opened for the "
        "first time and looked through, by all cores (from 1,000 lines on it is kept). *Open again*: from that index. "
        "*Train* and *distill*: until their first step would begin, without loading PyTorch and Lightning Fabric in "
        "the seconds, with them in the memory; the answers of the teacher are stored, one of 30 frames for each line. "
        "The first *distill* looks for each of them, and a distillation that has asked for them, as the second, knows "
        "that they are there. "
        "*Own MB* are without the pages of mapped files: libraries, the index and the answers, which the system takes "
        "back where it needs memory. *Decoded* are images before that step, all of the first batches, which a thread "
        "prepares. CPU seconds are those of all threads and processes."
    )
    return [told, table(heads, cells)]


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _own_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mb() -> int:
    """Of this program alone: what `getrusage` says begins with the memory of the process that started it."""
    return _memory_mb("VmHWM")


def _memory_mb(name: str) -> int:
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", help="A source of lines with their texts.")
    parser.add_argument("--counts", type=int, nargs="+", default=_COUNTS)
    parser.add_argument("--work", type=Path, help="Folder with room for 2 kB a line.")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--measure", choices=_MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--store", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.store:
        from stored_answers import store_answers  # loads PyTorch, whose memory the other measures are without

        store_answers(given.store, Path(given.store).with_name("teacher.safetensors"))
        return
    if given.measure:
        print(json.dumps(_MEASURES[given.measure](given.lines)))
        return
    lines = short_lines(open_source(given.lines))
    rows = [row(count, lines, given.work) for count in given.counts]
    from side_by_side import write_results  # not before: the memory of the measures is without it

    write_results(given.output, "How the cost of large sources grows", blocks(rows), rows, {"counts": given.counts})


if __name__ == "__main__":
    main()
