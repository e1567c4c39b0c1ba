"""Compares models that read text lines: accuracy on a whole data set, and time for reading a line, with decoding.

Each line is read from its pixels, as in a user's program: resize and normalise, run, decode. One thread, one line at a
time. All models read a line before the next line follows, so that a slow minute of the machine affects all of them.
Each model reads the line twice, and the second time counts: directly after a large model, the caches are empty for a
small one, which would not happen in a program with one model. With `--plain-turns` each reads it once, always right
after the one before it, twenty times, and the undisturbed time counts (docs/figures.md). Models with a language model
are read with a beam search, the others greedily.

    python benchmarks/distillation/readers.py english_g2.onnx tiny.onnx receipts.int8.onnx \
        --data DATA/val.tar -o benchmarks/distillation/readers
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.benchmark.timing import InterleavedTimer
from crnn_deploy.benchmark.undisturbed import Rounds, undisturbed
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.environment import environment
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.evaluation.evaluate import evaluate_session
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.files import write_text
from crnn_deploy.reading.decoder_choice import USUAL_WIDTH, chosen_width
from crnn_deploy.reading.decoding import beam_search, decode
from crnn_deploy.runtime.opening import open_session

SEED = 1
ROUNDS_A_LINE = 3
PLAIN_ROUNDS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help=".onnx artifacts; speed-ups are over the first")
    parser.add_argument("--data", required=True, help="labelled lines")
    parser.add_argument("--lines", type=int, default=500, help="number of lines that are timed")
    parser.add_argument("--plain-turns", action="store_true", help="each model reads a line once in its turn")
    parser.add_argument("-o", "--output", type=Path, required=True, help="writes OUTPUT.json and OUTPUT.md")
    arguments = parser.parse_args()

    artifacts = [open_artifact(path) for path in arguments.models]
    source = open_source(arguments.data)
    times = (_plain_times if arguments.plain_turns else _times)(artifacts, sample(source, arguments.lines, SEED))
    readers = [
        _reader(artifact, _accuracy(artifact, source), of_model, times[0])
        for artifact, of_model in zip(artifacts, times, strict=True)
    ]
    results = {
        "lines": len(source),
        "timed": arguments.lines,
        "environment": environment().model_dump(),
        "readers": readers,
    }
    write_text(arguments.output.with_suffix(".json"), json.dumps(results, indent=1) + "\n")
    write_text(arguments.output.with_suffix(".md"), _table(readers))
    print(_table(readers))


def _accuracy(artifact: Artifact, source: Source) -> Evaluation:
    return evaluate_session(open_session(artifact), source, EvaluateOptions())


def _times(artifacts: list[Artifact], source: Source) -> list[np.ndarray[Any, Any]]:
    """Milliseconds of each model for each line `[L]`: the median of the rounds, of the second reading in each turn."""
    images = [source.image(i).copy() for i in range(len(source))]
    readers = [_reading(artifact) for artifact in artifacts]
    lines = []
    for image in images:
        timer = InterleavedTimer(ROUNDS_A_LINE, seconds=60, warmup=1)
        acts = [lambda read=read, image=image: read(image) for read in readers for _ in range(2)]  # type: ignore[misc]
        spent = timer.time(acts)
        lines.append([float(np.median(times.wall)) / 1e6 for times in spent[1::2]])
    return list(np.array(lines).T)


def _plain_times(artifacts: list[Artifact], source: Source) -> list[np.ndarray[Any, Any]]:
    """Undisturbed milliseconds of each model for each line `[L]`, each reading right after that of the model before."""
    readers = [_reading(artifact) for artifact in artifacts]
    lines = []
    for index in range(len(source)):
        image = source.image(index).copy()
        rounds = [[_nanoseconds(read, image) for read in readers] for _ in range(1 + PLAIN_ROUNDS)]
        wall, cpu = np.array(rounds[1:]).transpose(2, 1, 0)
        lines.append([undisturbed(Rounds(*times), "cpu").ms for times in zip(wall, cpu, strict=True)])
    return list(np.array(lines).T)


def _nanoseconds(read: Callable[[Image.Image], str], image: Image.Image) -> tuple[int, int]:
    """Of one reading: those that pass, and those of processor time."""
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    read(image)
    return time.perf_counter_ns() - wall, time.thread_time_ns() - cpu


def _reading(artifact: Artifact) -> Callable[[Image.Image], str]:
    session = open_session(artifact, threads=1)
    preprocessor = Preprocessor(artifact.spec.preprocessing)
    search = beam_search(artifact.spec, chosen_width(artifact.spec, "auto", USUAL_WIDTH))

    def read(image: Image.Image) -> str:
        return decode(session.run(preprocessor(image, "line")[None]), artifact.spec, search)[0]

    return read


def _reader(
    artifact: Artifact, evaluation: Evaluation, times: np.ndarray[Any, Any], first: np.ndarray[Any, Any]
) -> dict[str, Any]:
    accuracy = evaluation.accuracy
    return {
        "name": artifact.path.name,
        "sha256": artifact.sha256,
        "size_bytes": artifact.size_bytes,
        "cer_ci": accuracy.cer_ci,
        "cer_ci_interval": accuracy.ci95["cer_ci"],
        "word_accuracy_ci": accuracy.word_accuracy_ci,
        "median_ms": float(np.median(times)),
        "mean_ms": float(np.mean(times)),
        "speed_by_medians": float(np.median(first) / np.median(times)),
        "speed_by_totals": float(first.sum() / times.sum()),
    }


def _table(readers: list[dict[str, Any]]) -> str:
    rows = [
        "| reader | file | CER | lines right | a line, median | × by medians | × by totals |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for r in readers:
        low, high = (100 * bound for bound in r["cer_ci_interval"])
        rows.append(
            f"| {r['name']} | {r['size_bytes'] / 1e6:.2f} MB | {100 * r['cer_ci']:.2f} % ({low:.2f}–{high:.2f}) | "
            f"{100 * r['word_accuracy_ci']:.1f} % | {r['median_ms']:.2f} ms | {r['speed_by_medians']:.1f} | "
            f"{r['speed_by_totals']:.1f} |"
        )
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
