"""Recurrent layers that were written out: ONNX files as they are, imported, and in INT8; prints rows of a table.

    python benchmarks/families/written_out.py SPEC.yaml LINES.tar GIVEN.onnx [GIVEN.onnx …]

Beside GIVEN.onnx lies GIVEN.json: name of each line → what the authors' code reads in it. Times are of one
image and one thread, the median of rounds in which the three take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime as ort
from compare import images
from onnx import helper

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize
from crnn_deploy.reading.decoding import greedy_decode
from crnn_deploy.runtime.opening import open_session

_ROUNDS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path)
    parser.add_argument("lines", type=Path)
    parser.add_argument("given", type=Path, nargs="+")
    arguments = parser.parse_args()
    print("| file | nodes | as it is | imported | INT8 | size | same text | in INT8 |\n|" + 8 * "---|")
    for given in arguments.given:
        with TemporaryDirectory() as folder:
            print(row(given, arguments.spec, arguments.lines, Path(folder)), flush=True)


def row(given: Path, spec: Path, lines: Path, folder: Path) -> str:
    """One row of the table."""
    whole = import_checkpoint(ImportConfig(checkpoint=given, spec=spec, output=folder / "fp32.onnx"))
    small = quantize(QuantizeConfig(model=whole.path, data=str(lines), output=folder / "int8.onnx")).artifact
    preprocessor = Preprocessor(whole.spec.preprocessing)
    inputs = {name: preprocessor(image.convert("RGB"), name)[None] for name, image in images(lines)}
    texts = json.loads(given.with_suffix(".json").read_text())
    same = [same_text(artifact, inputs, texts) for artifact in (whole, small)]
    image = next(iter(inputs.values()))
    times = medians([as_given(given, whole, image), *(runner(artifact, image) for artifact in (whole, small))])
    nodes = [len(onnx.load(path).graph.node) for path in (given, whole.path)]
    ratios = " | ".join(f"{times[0] / each:.2f}×" for each in times[1:])
    size = given.stat().st_size / small.path.stat().st_size
    return (
        f"| {given.name} | {nodes[0]} → {nodes[1]} | {times[0] * 1e3:.2f} ms | {ratios} | ÷ {size:.1f} "
        f"| {same[0]} | {same[1]} of {len(texts)} |"
    )


def same_text(artifact: Artifact, inputs: dict[str, np.ndarray], texts: dict[str, str]) -> int:
    """Of how many lines an artifact reads what the authors' code reads."""
    session = open_session(artifact)
    return sum(greedy_decode(session.run(inputs[name]), artifact.spec)[0] == text for name, text in texts.items())


def as_given(path: Path, imported: Artifact, image: np.ndarray) -> Callable[[], object]:
    """A run of the file as it came, for an image `[1, C, H, W]` in the order of its axes."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    first = onnx.load(imported.path).graph.node[0]
    order = helper.get_attribute_value(first.attribute[0]) if first.op_type == "Transpose" else (0, 1, 2, 3)
    feeds = {session.get_inputs()[0].name: np.ascontiguousarray(image.transpose(order))}
    return lambda: session.run(None, feeds)


def runner(artifact: Artifact, image: np.ndarray) -> Callable[[], object]:
    """A run of an artifact on one thread."""
    session = open_session(artifact, threads=1)
    return lambda: session.run(image)


def medians(runs: list[Callable[[], object]]) -> list[float]:
    """Seconds of each run, the median of rounds in which they take turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(_ROUNDS):
        for run, found in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            found.append(time.perf_counter() - start)
    return list(map(statistics.median, times))


if __name__ == "__main__":
    main()
