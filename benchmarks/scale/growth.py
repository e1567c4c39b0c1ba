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
from side_by_side import table, write_results

from crnn_deploy.data.sources.opening import open_source

_COUNTS = (10**3, 10**4, 10**5, 10**6, 10**7)


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
    """CPU seconds, peak MB, and images that were decoded before the first step of a training.

    Loading PyTorch and Lightning Fabric is not counted in the seconds, but in the memory.
    """
    from crnn_deploy.api import TrainConfig, train
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
    loaded = cpu_seconds()
    with tempfile.TemporaryDirectory() as folder:
        ImageFile.ImageFile.load = counted  # type: ignore[method-assign]
        Trainer._train_step = stop  # type: ignore[method-assign]
        output = Path(folder) / "m.safetensors"
        config = TrainConfig(data=location, model="crnn-bigru:hidden=32", output=output, validation_share=0.001)
        try:
            train(config)
        except _FirstStepError:
            return {"cpu_s": round(cpu_seconds() - loaded, 2), "peak_mb": _peak_mb(), "decoded": decoded}
    raise RuntimeError("no first step")


_MEASURES: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "index": index,
    "reopen": reopen,
    "first_step": first_step,
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
    heads = (
        *("lines", "index, CPU s", "peak MB", "open again, CPU s", "more MB"),
        *("to the first step, CPU s", "peak MB", "decoded"),
    )
    cells = [
        (
            f"{row['lines']:,}",
            *(str(row["index"][key]) for key in ("cpu_s", "peak_mb")),
            *(str(row["reopen"][key]) for key in ("cpu_s", "more_mb")),
            *(str(row["first_step"][key]) for key in ("cpu_s", "peak_mb", "decoded")),
        )
        for row in rows
    ]
    told = (
        "LMDBs in the layout of deep-text-recognition-benchmark, made of 2,000 real receipt lines at 32 pixels of "
        "height (JPEG), each copy with a comment that makes its content unique. *Index*: the source is opened for the "
        "first time and looked through, by all cores (10,000 lines or more are kept). *Open again*: from that index. "
        "*To the first step*: `train` until its first step would begin, without loading PyTorch and Lightning Fabric "
        "in the seconds, with them in the memory; *decoded* are images before that step, all of the first batches, "
        "which a thread prepares. CPU seconds are those of all threads and processes."
    )
    return [told, table(heads, cells)]


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak_mb() -> int:
    """Of this program alone: what `getrusage` says begins with the memory of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", required=True, help="A source of lines with their texts.")
    parser.add_argument("--counts", type=int, nargs="+", default=_COUNTS)
    parser.add_argument("--work", type=Path, help="Folder with room for 2 kB a line.")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--measure", choices=_MEASURES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(_MEASURES[given.measure](given.lines)))
        return
    lines = short_lines(open_source(given.lines))
    rows = [row(count, lines, given.work) for count in given.counts]
    write_results(given.output, "How the cost of large sources grows", blocks(rows), rows, {"counts": given.counts})


if __name__ == "__main__":
    main()
