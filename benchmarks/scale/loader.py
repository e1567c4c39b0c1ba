"""How many images a second one core loads for a training: CPU time of the steps, before and after in turns.

    python benchmarks/scale/loader.py --lines DATA/sroie_lines/train.tar [--before ENV/bin/python] -o RESULT

Each round is a process of its own that runs for each interpreter in turn; `--before` is that of an environment with an
earlier version. The lines are 32 pixels high and 100 to 200 wide, as JPEG in an LMDB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingSet
from crnn_deploy.training.config import TrainingOptions
from crnn_deploy.training.losses.options import CtcOptions
from crnn_deploy.training.material import Material

BATCH = 48
_STEPS = ("read", "decode", "resize", "augment", "stack")
Microseconds = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", help="A source of lines with their texts.")
    parser.add_argument("--before", help="Python of an environment with an earlier version.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=1920)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--measure", help="An LMDB of lines: one round, in this process.")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure)))
        return
    from make_lmdb import short_lines, write

    lines = short_lines(open_source(given.lines), widths=(100, 200))
    with tempfile.TemporaryDirectory() as folder:
        write(lines, given.images, Path(folder) / "lines")
        pythons = {"before": given.before, "now": sys.executable} if given.before else {"now": sys.executable}
        rounds: dict[str, list[Microseconds]] = {name: [] for name in pythons}
        for _ in range(given.rounds):
            for name, python in pythons.items():
                rounds[name].append(_in_process(python, f"{folder}/lines"))
    figures = {
        "lines": {"unique": len(lines), "bytes": float(np.median([len(image) for image, _ in lines]))},
        "microseconds": {name: _lower_quartiles(measures) for name, measures in rounds.items()},
        "rounds": rounds,
    }
    given.output.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    given.output.with_suffix(".md").write_text(_page(figures["lines"], figures["microseconds"]), encoding="utf-8")


def measured(location: str) -> Microseconds:
    """CPU time of an image in each step, the fastest of three passes. A step is what is left of the whole without
    those before it."""
    source = open_source(location)
    strong, plain = (training_set(source, augmentation=strength) for strength in (1, 0))
    preprocessor = Preprocessor(strong.spec.preprocessing)
    order = np.random.default_rng(0).permutation(len(source)).tolist()
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    whole: list[Callable[[list[int]], object]] = [
        lambda items: [source.image(i) for i in items],
        lambda items: [preprocessor.picture(source.image(i), "") for i in items],
        lambda items: [preprocessor.pixels(source.image(i), "") for i in items],
        lambda items: plain._batch(items, 0),
        lambda items: strong._batch(items, 0),
    ]
    least = np.full(len(whole), np.inf)
    for _ in range(3):
        for number, work in enumerate(whole):
            started = time.process_time()
            for items in batches:
                work(items)
            least[number] = min(least[number], (time.process_time() - started) / len(order) * 1e6)
    read, decoded, resized, stacked, augmented = least.tolist()
    steps = (read, decoded - read, resized - decoded, augmented - stacked, stacked - resized)
    return {**dict(zip(_STEPS, steps, strict=True)), "batch without augmentation": stacked, "batch": augmented}


def training_set(source: Source, augmentation: float, workers: int = 0) -> TrainingSet:
    """The batches of a student that learns from labels."""
    characters = "".join(sorted({c for i in range(len(source)) for c in source.text(i)}))
    seen = ModelSpec(name="seen", charset=characters, preprocessing=Preprocessing(height=32))
    spec = student_spec("student", StudentChoice(), seen)
    options = TrainingOptions(augmentation=augmentation, batch_size=BATCH)
    return TrainingSet(Material(source, source, (CtcOptions(),)), spec, options, workers=workers)


def _in_process(python: str, location: str) -> Microseconds:
    command = [python, __file__, "--measure", location]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    measure: Microseconds = json.loads(done.stdout)
    return measure


def _lower_quartiles(rounds: list[Microseconds]) -> Microseconds:
    return {step: float(np.quantile([measure[step] for measure in rounds], 0.25)) for step in rounds[0]}


def _page(lines: dict[str, float], microseconds: dict[str, Microseconds]) -> str:
    steps = [*_STEPS, "batch without augmentation", "batch"]
    rows = [
        f"| {step} | " + " | ".join(f"{measure[step]:.0f}" for measure in microseconds.values()) + " |"
        for step in steps
    ]
    rates = " | ".join(f"{1e6 / measure['batch']:,.0f}" for measure in microseconds.values())
    return "\n".join(
        [
            "# Loading lines for a training, on one core",
            "",
            f"{lines['unique']:,} receipt lines, 32 pixels high and 100 to 200 wide, as JPEG of {lines['bytes']:,.0f}",
            f"bytes (median), from an LMDB, in batches of {BATCH}. CPU time of the process; a round is a process of",
            "its own, and versions take turns. Lower quartiles of the rounds, µs an image:",
            "",
            "| step | " + " | ".join(microseconds) + " |",
            "|---|" + "---:|" * len(microseconds),
            *rows,
            f"| **images a second** | {rates} |",
            "",
            "Batches hold 8-bit pixels, which the device that trains normalises and mixes. Pictures are not augmented",
            "on it: cores feed it ([workers](scale-loader-workers.md)), and each image keeps its random numbers for",
            "any number of processes. OpenCV would decode grey JPEG in half of Pillow's time; but other pixels than",
            "those of an evaluation, on some machine or for a damaged file, are not worth 30 µs an image.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
