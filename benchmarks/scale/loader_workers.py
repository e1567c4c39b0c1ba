"""How many images a second one and two worker processes hand over to a training: wall time and CPU time, in turns.

    python benchmarks/scale/loader_workers.py --lines DATA/sroie_lines/train.tar -o RESULT

Each round is a process of its own that takes an epoch of augmented batches and does nothing with them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from loader import BATCH, training_set
from make_lmdb import short_lines, write

from crnn_deploy.data.sources.opening import open_source

_MANY = 16  # cores
Round = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", help="A source of lines with their texts.")
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=19_200)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--measure", help="An LMDB of lines: one round, in this process.")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure, given.workers[0])))
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "lines"
        write(short_lines(open_source(given.lines), widths=(100, 200)), given.images, place)
        rounds: dict[int, list[Round]] = {workers: [] for workers in given.workers}
        for _ in range(given.rounds):
            for workers in given.workers:
                rounds[workers].append(_in_process(place, workers))
                print(workers, rounds[workers][-1], flush=True)
    given.output.with_suffix(".json").write_text(json.dumps(rounds, indent=1) + "\n", encoding="utf-8")
    given.output.with_suffix(".md").write_text(_page(rounds), encoding="utf-8")


def measured(location: str, workers: int) -> Round:
    """Wall time, and CPU time of the workers and of the process that takes the batches, an image in µs."""
    data = training_set(open_source(location), augmentation=1, workers=workers)
    before, start = time.process_time(), time.perf_counter()
    images = sum(len(batch.images) for batch in data.epoch(0))
    wall, own = time.perf_counter() - start, time.process_time() - before
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = {"wall": wall, "workers": used.ru_utime + used.ru_stime, "taking": own}
    return {name: 1e6 * seconds / images for name, seconds in times.items()} | {"load": os.getloadavg()[0]}


def _in_process(place: Path, workers: int) -> Round:
    command = [sys.executable, __file__, "--measure", str(place), "--workers", str(workers)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: Round = json.loads(done.stdout)
    return found


def _page(rounds: dict[int, list[Round]]) -> str:
    best = {workers: min(measures, key=lambda measure: measure["wall"]) for workers, measures in rounds.items()}
    rows = [
        f"| {workers} | {1e6 / of['wall']:,.0f} | {of['workers']:.0f} | {of['taking']:.1f} |"
        for workers, of in best.items()
    ]
    first, most = min(best), max(best)
    paired = np.median([a["wall"] / b["wall"] for a, b in zip(rounds[first], rounds[most], strict=True)])
    each, taking = best[most]["workers"], best[most]["taking"]
    fed = min((_MANY - 1) * 1e6 / each, 1e6 / taking)
    loads = [measure["load"] for measures in rounds.values() for measure in measures]
    return "\n".join(
        [
            "# Worker processes that load lines for a training",
            "",
            f"An epoch of augmented lines in batches of {BATCH}, as in [one core](scale-loader.md), made by worker",
            "processes and taken by one that does nothing with them, on 2 cores. Best of the rounds, which take turns;",
            f"the load of the machine was {min(loads):.1f} to {max(loads):.1f}, these processes included.",
            "",
            "| workers | images a second | CPU of workers, µs an image | CPU of taking, µs an image |",
            "|---:|---:|---:|---:|",
            *rows,
            "",
            f"The best round of {most} workers is {best[first]['wall'] / best[most]['wall']:.2f}× as fast as that of "
            f"{first}, the median of pairs {paired:.2f}×.",
            f"CPU time an image is {each / best[first]['workers'] - 1:+.0%} with {most}, so the workers don't hinder "
            "each other: what others left of the cores",
            f"decided the rest. The process that takes batches could take {1e6 / taking:,.0f} images a second. {_MANY} "
            "cores, one of them left",
            f"for it, would feed {fed:,.0f} augmented images a second by these CPU times, if memory keeps up.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
