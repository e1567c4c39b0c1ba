"""Which statistic of a timing keeps still while other work runs? And what does `quantize` tell then?

Each model is quantized. The pair of FP32 and INT8 is then timed in turns, on one thread, while processes of this script
keep the machine busy. For each load and statistic the table has the lowest, the middle and the highest speed-up of
several repetitions. Last, `quantize` itself runs several times beside two spinning processes.

    python benchmarks/busy_machine.py student.onnx english_g2.onnx --data DATA/train.tar \
        -o benchmarks/results/busy-machine
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quantized_anyway import quantized_anyway
from side_by_side import table, write_results

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.benchmark.inputs import batch_input, data_buckets
from crnn_deploy.benchmark.timing import Act, InterleavedTimer
from crnn_deploy.benchmark.undisturbed import Rounds, speedup_between, undisturbed
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.runtime.opening import open_session

SPIN = "while True: pass"
MEMORY = "import numpy as np; a = np.ones(1 << 25, np.uint8); b = a.copy()\nwhile True: np.copyto(a, b)"
BURSTS = """
import random, time
while True:
    end = time.monotonic() + random.uniform(0.002, 0.3)
    while time.monotonic() < end: pass
    time.sleep(random.uniform(0.002, 0.3))
"""
LOADS: Mapping[str, tuple[str, int]] = {
    "nothing": (SPIN, 0),
    "2 spinning": (SPIN, 2),
    "4 spinning": (SPIN, 4),
    "2 copying memory": (MEMORY, 2),
    "4 with bursts": (BURSTS, 4),
}
Times = NDArray[np.int64]
STATISTICS: Mapping[str, Callable[[Times, Times], float]] = {
    "mean": lambda slow, fast: float(slow.mean() / fast.mean()),
    "median": lambda slow, fast: float(np.median(slow) / np.median(fast)),
    "10th percentile": lambda slow, fast: float(np.percentile(slow, 10) / np.percentile(fast, 10)),
    "fastest": lambda slow, fast: float(slow.min() / fast.min()),
    "median of the ratios of rounds": lambda slow, fast: float(np.median(slow / fast)),
}
UNDISTURBED = "undisturbed, CPU"
LONGER = "undisturbed, CPU, until known"
SECONDS, ROUNDS, WARMUP = 0.6, 1000, 5  # as `quantize` times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="FP32 .onnx artifacts")
    parser.add_argument("--data", required=True, help="images to calibrate on and to time")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("-o", "--output", required=True, type=Path, help="without a suffix")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for path in options.models:
        for row in measured(path, options.data, options.repeats):
            print(json.dumps(row, default=str), file=sys.stderr, flush=True)
            rows.append(row)
    blocks = [block for path in options.models for block in blocks_of(path.stem, rows)]
    write_results(
        options.output, "Timing on a busy machine", blocks, rows, {"repeats": options.repeats, "seconds": SECONDS}
    )
    return 0


def measured(path: Path, data: str, repeats: int) -> Iterator[dict[str, Any]]:
    """The statistics of one model by load, then what `quantize` tells beside two spinning processes."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / path.name
        config = QuantizeConfig(model=path, data=data, output=output)
        acts = acts_of([open_artifact(path), quantized_anyway(config)[0].artifact], data)
        for load, (code, count) in LOADS.items():
            before = steal()
            with busy(code, count):
                trials = [statistics(acts) for _ in range(repeats)]
            state = {"load_average": os.getloadavg()[0], "steal": steal() - before}
            yield {"model": path.stem, "load": load, **state, "trials": trials}
        told = []
        with busy(SPIN, 2):
            for _ in range(repeats):
                start = time.monotonic()
                record = quantized_anyway(config.model_copy(update={"force": True}))[0].record
                told.append(
                    {**record.speed[-1].model_dump(), "speedup": record.speed[-1].speedup.ratio}
                    | {"rejected": record.rejected, "seconds": time.monotonic() - start, "sha256": sha256(output)}
                )
        yield {
            "model": path.stem,
            "load": "quantize beside 2 spinning",
            "load_average": os.getloadavg()[0],
            "told": told,
        }


def sha256(path: Path) -> str | None:
    return open_artifact(path).sha256 if path.exists() else None


def acts_of(artifacts: Sequence[Artifact], data: str) -> list[Act]:
    """One run of each artifact on the same image of median width, on one thread."""
    bucket = data_buckets(open_source(data), images=1)[0]
    acts: list[Act] = []
    for artifact in artifacts:
        session, images = open_session(artifact, 1), batch_input(bucket, Preprocessor(artifact.spec.preprocessing), 1)
        acts.append(lambda session=session, images=images: session.run(images))  # type: ignore[misc]
    return acts


def statistics(acts: Sequence[Act]) -> dict[str, Any]:
    """The speed-up by each statistic; all but the last are of the same rounds."""
    timer = InterleavedTimer(ROUNDS, SECONDS, WARMUP)
    slow, fast = timer.time(acts)
    found: dict[str, Any] = {
        f"{name}, {clock}": statistic(getattr(slow, clock.lower()), getattr(fast, clock.lower()))
        for clock in ("wall", "CPU")
        for name, statistic in STATISTICS.items()
    }
    found[UNDISTURBED] = told(slow, fast)["speedup"]
    slow, fast = timer.time_until_known(acts, ["cpu", "cpu"])
    return found | {LONGER: told(slow, fast)["speedup"]} | told(slow, fast)


def told(slow: Rounds, fast: Rounds) -> dict[str, Any]:
    times = undisturbed(slow, "cpu"), undisturbed(fast, "cpu")
    speedup = speedup_between(fast=times[1], slow=times[0])
    return {
        "speedup": speedup.ratio,
        "low": speedup.low,
        "high": speedup.high,
        "rounds": len(slow.wall),
        "interrupted": times[0].interrupted,
        "parent_ms": times[0].ms,
        "candidate_ms": times[1].ms,
    }


@contextmanager
def busy(code: str, count: int) -> Iterator[None]:
    """`count` processes that run `code` meanwhile."""
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    time.sleep(1)
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def steal() -> int:
    """Ticks that the hypervisor took from this machine so far; 0 where it is not told."""
    path = Path("/proc/stat")
    return int(path.read_text().split()[8]) if path.exists() else 0


def blocks_of(model: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    mine = [row for row in rows if row["model"] == model]
    by_load = {row["load"]: row["trials"] for row in mine if "trials" in row}
    yield f"## {model}: speed-up told, lowest · middle · highest, beside other processes"
    yield "The loads come on top of whatever else the machine ran; its load average is told below."
    names = [name for name in by_load["nothing"][0] if name not in told_keys()]
    cells = [[name, *(span([trial[name] for trial in trials]) for trials in by_load.values())] for name in names]
    yield table(["statistic", *by_load], cells)
    yield f"## {model}: the machine meanwhile"
    facts = [
        [
            row["load"],
            f"{row['load_average']:.1f}",
            str(row["steal"]),
            span([100 * trial["interrupted"] for trial in row["trials"]]),
            span([trial["parent_ms"] for trial in row["trials"]]),
            span([trial["rounds"] for trial in row["trials"]], 0),
            span([50 * (trial["high"] - trial["low"]) / trial["speedup"] for trial in row["trials"]], 1),
        ]
        for row in mine
        if "trials" in row
    ]
    columns = ["processes", "load average", "stolen ticks", "interrupted, %", "FP32 undisturbed, ms", "rounds", "± %"]
    yield table(columns, facts)
    yield f"## {model}: `quantize` beside two spinning processes"
    runs = next(row["told"] for row in mine if "told" in row)
    cells = [
        [
            str(number),
            f"{run['speedup']:.2f}",
            f"{run['low']:.2f}–{run['high']:.2f}",
            f"{100 * run['interrupted']:.0f}",
            f"{run['seconds']:.0f}",
            (run["sha256"] or "")[:8],
            run["rejected"] or "accepted",
        ]
        for number, run in enumerate(runs, 1)
    ]
    yield table(["run", "speed-up", "95 %", "interrupted, %", "seconds", "file", "verdict"], cells)


def told_keys() -> set[str]:
    return {"speedup", "low", "high", "rounds", "interrupted", "parent_ms", "candidate_ms"}


def span(values: Sequence[float], digits: int = 2) -> str:
    return " · ".join(f"{value:.{digits}f}" for value in (min(values), float(np.median(values)), max(values)))


if __name__ == "__main__":
    sys.exit(main())
