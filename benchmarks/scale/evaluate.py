"""How memory and time of an evaluation, and of what a report takes from it, grow with the lines.

python benchmarks/scale/evaluate.py 10000 100000 1000000 -o benchmarks/results/scale-evaluate.md

The lines are 256 small pictures again and again, and a table stands for the model: it reads one line in five wrong. So
what is measured is the evaluation, not a source or a network. Each count has a process of its own. Times are those of
its CPU.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.sources.base import Kind
from crnn_deploy.data.sources.measured import Measured
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.evaluation.difference import text_agreement
from crnn_deploy.evaluation.evaluate import evaluate_session
from crnn_deploy.evaluation.parquet import write_parquet
from crnn_deploy.evaluation.primary_error import error_rise
from crnn_deploy.files import write_text
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.report.run.errors import find_errors
from crnn_deploy.report.run.examples import build_examples
from crnn_deploy.spec import ModelSpec

PICTURES, FRAMES = 256, 20
SPEC = ModelSpec(
    name="table",
    charset=tuple("0123456789"),
    blank=10,
    preprocessing=Preprocessing(height=8, width=24, mean=(0.0,), std=(1.0,)),
)
COLUMNS = {
    "lines": "lines",
    "evaluate_mb": "peak of evaluate, MB",
    "report_mb": "peak with the report, MB",
    "evaluate_s": "evaluate, s",
    "parquet_s": "Parquet, s",
    "report_s": "report, s",
    "cer_ci": "CER",
    "interval": "its interval",
}


@dataclass
class Lines(Measured):
    """Line i has eight digits, and picture i modulo 256, whose grey is its number."""

    count: int
    kind: Kind = "text"
    class_names: tuple[str, ...] = ()
    name: str = "lines"

    def __post_init__(self) -> None:
        self.pictures = [Image.new("L", (24, 8), grey) for grey in range(PICTURES)]

    def __len__(self) -> int:
        return self.count

    def item_name(self, index: int) -> str:
        return f"lines/{index:08d}.png"

    def text(self, index: int) -> str:
        return reading(index % PICTURES)

    def texts(self, indices: NDArray[np.intp]) -> list[str]:
        return [self.text(index) for index in indices.tolist()]

    def class_index(self, index: int) -> int:
        return -1

    def image(self, index: int) -> Image.Image:
        return self.pictures[index % PICTURES]

    def content_hash(self, index: int) -> bytes:
        return index.to_bytes(16, "big")

    def facts(self, *_: object) -> Facts:
        facts = Facts.empty(self.count)
        facts.width[:], facts.height[:] = 24, 8
        facts.content[:, 0] = np.arange(self.count)
        return facts


class Table:
    """Reads picture n as the digits of its label, with one wrong digit in every so many pictures."""

    runtime = "table"
    spec = SPEC

    def __init__(self, wrong_in: int) -> None:
        texts = [reading(n) if n % wrong_in else f"{reading(n)[:-1]}0" for n in range(PICTURES)]
        paths = np.full((PICTURES, FRAMES), SPEC.blank)
        for path, text in zip(paths, texts, strict=True):
            path[1 : 2 * len(text) : 2] = [int(digit) for digit in text]
        self.logits = 10 * np.eye(11, dtype=np.float32)[paths]

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.logits[np.rint(images[:, 0, 0, 0] * 255).astype(int)]


def reading(picture: int) -> str:
    return f"{picture * 390_001 % 10**7:07d}{1 + picture % 9}"


def measure(count: int) -> dict[str, Any]:
    """One row of the table, in this process."""
    source, options = Lines(count), EvaluateOptions(batch_size=256)
    evaluate_session(Table(5), Lines(300), options)
    baseline, evaluate_s = timed(lambda: evaluate_session(Table(5), source, options))
    evaluate_mb = peak()
    with tempfile.TemporaryDirectory() as folder:
        _, parquet_s = timed(lambda: write_parquet(baseline, Path(folder, "x.parquet")))
    student = evaluate_session(Table(6), source, options) if count <= 100_000 else baseline
    evaluations = {"baseline": baseline, "student": student, "int8": student}

    def report() -> None:
        for _ in range(2):  # two variants have a parent
            error_rise(student, baseline)
            text_agreement(student, baseline)
        build_examples(source, evaluations, 16, 4)
        find_errors("int8", student, source)
        for evaluation in evaluations.values():
            evaluation.unproven  # noqa: B018

    _, report_s = timed(report)
    accuracy = baseline.accuracy
    low, high = accuracy.ci95["cer_ci"]
    return {
        "lines": f"{count:,}",
        "evaluate_mb": f"{evaluate_mb:.0f}",
        "report_mb": f"{peak():.0f}",
        "evaluate_s": f"{evaluate_s:.1f}",
        "parquet_s": f"{parquet_s:.1f}",
        "report_s": f"{report_s:.1f}",
        "cer_ci": f"{accuracy.cer_ci:.4%}",
        "interval": f"{low:.4%} – {high:.4%}",
    }


def timed(work: Any) -> tuple[Any, float]:
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("counts", type=int, nargs="+")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--here", action="store_true", help="Measure in this process, and print JSON.")
    given = parser.parse_args()
    if given.here:
        print(json.dumps(measure(given.counts[0])))
        return
    rows = []
    for count in given.counts:
        command = [sys.executable, __file__, str(count), "--here"]
        rows.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
        print(rows[-1])
    if given.output:
        write_text(given.output, page(rows))


def page(rows: list[dict[str, str]]) -> str:
    head = f"| {' | '.join(COLUMNS.values())} |\n|{'---:|' * len(COLUMNS)}"
    body = "\n".join(f"| {' | '.join(row[name] for name in COLUMNS)} |" for row in rows)
    about = " ".join(line for line in (__doc__ or "").split("\n\n")[2].splitlines())
    return f"# An evaluation of many lines\n\n`benchmarks/scale/evaluate.py`. {about}\n\n{head}\n{body}\n"


if __name__ == "__main__":
    main()
