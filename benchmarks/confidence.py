"""Which number tells best whether a line is read right, and how far fitting a temperature makes it a probability?

python benchmarks/confidence.py student.onnx --fit DATA/train.tar --data DATA/val.tar -o benchmarks/results/confidence

The temperature is fitted to lines of `--fit`, as `quantize` does it. All figures are of `--data`.
The area under the curve is the probability that a line that is read right has a higher number than one that is not; it
is 0.5 for numbers that say nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from side_by_side import table, write_results

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.evaluation.primary_error import error_counts, primary_figure_of
from crnn_deploy.evaluation.references import reference_texts
from crnn_deploy.evaluation.reliability import reliability
from crnn_deploy.evaluation.temperature import fit_temperature
from crnn_deploy.reading.best_path import labelled_runs
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.read_images import read
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.outputs import highest_probabilities
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import normalized

RULES: dict[str, Callable[[Sequence[float]], float]] = {
    "mean of the characters": lambda sure: float(np.mean(sure)),
    "lowest character": min,
    "product of the characters": lambda sure: float(np.prod(sure)),
}


class Read:
    """What a model gives for the lines of a source, and whether it reads them right."""

    def __init__(self, model: Path, data: str, count: int | None) -> None:
        artifact = open_artifact(model)
        self.spec = artifact.spec
        whole = open_source(data)
        source = whole if count is None else Subset(whole, _some(len(whole), count))
        self.logits: list[NDArray[np.float32]] = []
        order, texts = list[int](), list[str]()
        options = EvaluateOptions(batch_size=16, skip_bad=True)
        for batch, logits, found in read(open_session(artifact, 1), source, options, [], NoteTaker()):
            self.logits.append(logits)
            order += batch.indices
            texts += [normalized(text, self.spec.normal_form) for text in found]
        references = reference_texts(source, self.spec)
        self.references = [references[index] for index in order]
        self.right = error_counts(primary_figure_of("ctc"), self.references, texts).counted == 0

    def numbers(self, rule: str, temperature: float) -> NDArray[np.float64]:
        """What a rule says of each line."""
        return np.array([RULES[rule](_characters(line, self.spec, temperature)) for b in self.logits for line in b])


def _some(total: int, count: int) -> list[int]:
    """Places of `count` images over the whole source."""
    return sorted(np.random.default_rng(0).permutation(total)[:count].tolist())


def _characters(line: NDArray[np.float32], spec: ModelSpec, temperature: float) -> list[float]:
    frames = highest_probabilities(line, temperature).tolist()
    return [sure for _, sure, _, _ in labelled_runs(line.argmax(axis=1).tolist(), frames, spec.blank)] or frames


def area(numbers: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The area under the curve of true against false positives, with half a point for equal numbers."""
    values, places = np.unique(numbers, return_inverse=True)
    good, bad = (np.bincount(places[which], minlength=len(values)) for which in (right, ~right))
    below = np.concatenate([[0], bad.cumsum()[:-1]])
    return float((good * (below + bad / 2)).sum() / (good.sum() * bad.sum()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", help="artifacts that read lines")
    parser.add_argument("--fit", required=True, help="a source of labelled lines to fit the temperature to")
    parser.add_argument("--data", required=True, help="another source of labelled lines")
    parser.add_argument("--fit-lines", type=int, default=200, help="as many as quantize holds out without --held-out")
    parser.add_argument("--limit", type=int, help="of the lines of --data")
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    rows = [row for model in options.models for row in measure(model, options)]
    shown = [
        (r["model"], r["rule"], f"{r['temperature']:.2f}", f"{r['area']:.3f}", f"{100 * r['error']:.1f} points")
        for r in rows
    ]
    text = table(("model", "number", "temperature", "area under the curve", "calibration error"), shown)
    print(text)
    if options.output is not None:
        settings = {"lines to fit": options.fit_lines, "lines": rows[0]["lines"], "threads": 1}
        write_results(options.output, "Which number tells whether a line is right", [text], rows, settings)
    return 0


def measure(model: Path, options: argparse.Namespace) -> list[dict[str, object]]:
    """A row for each rule at temperature 1, and for the product at the temperature that is fitted."""
    fitted = Read(model, options.fit, options.fit_lines)
    temperature = fit_temperature(fitted.logits, fitted.references, fitted.spec)
    told = Read(model, options.data, options.limit)
    cases = [(rule, 1.0) for rule in RULES]
    cases += [] if temperature is None else [("product of the characters", temperature)]
    return [
        {
            "model": model.stem,
            "lines": len(told.right),
            "right": float(told.right.mean()),
            "rule": rule,
            "temperature": at,
            "area": area(numbers, told.right),
            "error": reliability(numbers.tolist(), told.right).calibration_error,
        }
        for rule, at in cases
        for numbers in [told.numbers(rule, at)]
    ]


if __name__ == "__main__":
    raise SystemExit(main())
