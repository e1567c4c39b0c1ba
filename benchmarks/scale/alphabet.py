"""How memory, time and file sizes grow with the alphabet: training steps, reading, teachers' answers.

python benchmarks/scale/alphabet.py --teachers ppocr.onnx english_g2.onnx --data DATA/sroie_lines/val.tar \
    DATA/captcha_v2/val.tar -o benchmarks/results/scale-alphabet

Networks have random weights, and training steps and beams see noise: neither time nor memory depends on what is read.
Times are CPU times of one thread. Teachers read real lines.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from teacher_answers import KEPT, answers_of
from training_step import FRAMES, WIDTH, alphabet, line_student, measured

from crnn_deploy.artifact import open_artifact, read_onnx, write_onnx, write_safetensors
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.quantization.calibrated_model import calibrate
from crnn_deploy.quantization.rewrite.plan import find_layers
from crnn_deploy.quantization.rewrite.preparation import prepare
from crnn_deploy.reading.decoding import BeamSearch, greedy_decode
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.spec import ModelSpec

sys.path.append(str(Path(__file__).parents[1]))

from side_by_side import table, write_results

SIZES = (97, 6625, 18_710)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, nargs="+", default=SIZES, help="sizes of the alphabet, with the blank")
    parser.add_argument("--lines", type=int, default=256, help="lines in a training batch of our losses")
    parser.add_argument("--plain-lines", type=int, default=64, help="the same for the losses of the textbook")
    parser.add_argument("--rank", type=int, default=48, help="head_rank of the students with one")
    parser.add_argument("--repeats", type=int, default=30, help="of each time, of which the lowest decile counts")
    parser.add_argument("--teachers", type=Path, nargs="*", default=[], help="artifacts that read lines")
    parser.add_argument("--data", nargs="*", default=[], help="sources that they read")
    parser.add_argument("--count", type=int, default=100, help="lines of each source")
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    # Steps first: a child process is accounted for the memory of its parent.
    steps = [row for classes in options.classes for row in training(classes, options.lines, options.plain_lines)]
    with tempfile.TemporaryDirectory() as folder:
        rows = [reading(classes, options.rank, options.repeats, Path(folder)) for classes in options.classes]
    answers = [answers_of(teacher, data, options.count) for teacher in options.teachers for data in options.data]
    blocks = [_steps_table(steps), _reading_table(rows, options.rank), *([_answers_table(answers)] * bool(answers))]
    print("\n\n".join(blocks))
    if options.output:
        settings = {"frames": FRAMES, "width": WIDTH, "threads": 1, "lines": options.lines, "rank": options.rank}
        title = "Growth with the alphabet"
        write_results(options.output, title, [__doc__.split("\n\n")[-1], *blocks], [*steps, *rows, *answers], settings)
    return 0


def training(classes: int, lines: int, plain_lines: int) -> list[dict[str, Any]]:
    """Training steps with the losses of the textbook and with ours, of the head alone and of the whole student."""
    return [
        measured(classes, plain_lines, "plain", network=False),
        measured(classes, lines, "parts", network=False),
        measured(classes, lines, "parts", network=True),
    ]


def reading(classes: int, rank: int, repeats: int, folder: Path) -> dict[str, Any]:
    """Files of a student and times of its network and of decoding, for one line."""
    row: dict[str, Any] = {"classes": classes}
    image = np.random.default_rng(0).standard_normal((1, 1, 32, WIDTH), np.float32)
    for name, head_rank in (("full", 0), ("reduced", rank)):
        spec = line_student(classes, head_rank)
        torch.manual_seed(0)
        stem = folder / f"{classes}-{name}"
        parent = write_safetensors(stem.with_suffix(".safetensors"), build(spec).state_dict(), spec)
        fp32 = export(ExportConfig(model=parent.path, output=stem.with_suffix(".onnx")))
        int8 = write_onnx(folder / f"{stem.name}.int8.onnx", _in_int8(read_onnx(fp32.path), image), spec)
        for kind, artifact in (("fp32", fp32), ("int8", int8)):
            session = open_session(open_artifact(artifact.path), 1)
            row[f"{name}_{kind}_ms"] = _milliseconds(lambda session=session: session.run(image), repeats)
            row[f"{name}_{kind}_bytes"] = artifact.path.stat().st_size
    spec = ModelSpec(name="k", charset=alphabet(classes), preprocessing=Preprocessing(height=32))
    logits = np.random.default_rng(1).normal(0, 3, (1, FRAMES, classes)).astype(np.float32)
    logits[..., 0] += 8
    row["greedy_ms"] = _milliseconds(lambda: greedy_decode(logits, spec), repeats)
    row["beam_ms"] = _milliseconds(lambda: BeamSearch(spec, 8)(logits), repeats)
    return row


def _in_int8(model: onnx.ModelProto, image: NDArray[np.float32]) -> onnx.ModelProto:
    """All layers in INT8, also those that `quantize` might leave in FP32 because that is faster here."""
    prepared = prepare(model)
    calibrated = calibrate(prepared, "cpu", find_layers(prepared.graph, "cpu"), [image])
    return calibrated.assemble(calibrated.first_plan(), "minmax")


def _milliseconds(act: Callable[[], object], repeats: int) -> float:
    """The lowest decile of the CPU times of `act`."""
    times = []
    for _ in range(repeats + 3):
        start = time.process_time_ns()
        act()
        times.append((time.process_time_ns() - start) / 1e6)
    return float(np.quantile(times[3:], 0.1))


def _steps_table(rows: Sequence[dict[str, Any]]) -> str:
    columns = ("K", "losses", "lines", "logits, MB", "memory of the step ÷ logits", "CPU ms a line")
    names = {
        ("plain", False): "plain formulas",
        ("parts", False): "in parts",
        ("parts", True): "in parts, whole student",
    }
    cells = [
        (
            f"{row['classes']:,}",
            names[row["losses"], row["network"]],
            str(row["lines"]),
            f"{row['logits_bytes'] / 1e6:,.1f}",
            f"{row['times_logits']:.2f}",
            f"{1e3 * row['cpu_seconds'] / row['lines']:.2f}",
        )
        for row in rows
    ]
    text = "CTC and the divergence from one teacher with 32 classes a frame. Weights and their gradients are in it."
    return f"## Training steps\n\n{text}\n\n{table(columns, cells, 2)}"


def _reading_table(rows: Sequence[dict[str, Any]], rank: int) -> str:
    columns = ("K", "head", "FP32, MB", "INT8, MB", "FP32, ms", "INT8, ms", "greedy, ms", "beam 8, ms")
    cells = [
        (
            f"{row['classes']:,}",
            shown,
            *(f"{row[f'{name}_{kind}_bytes'] / 1e6:.2f}" for kind in ("fp32", "int8")),
            *(f"{row[f'{name}_{kind}_ms']:.2f}" for kind in ("fp32", "int8")),
            *(f"{row[key]:.3f}" for key in ("greedy_ms", "beam_ms")),
        )
        for row in rows
        for name, shown in (("full", "full"), ("reduced", f"rank {rank}"))
    ]
    return f"## Reading a line of {WIDTH} pixels\n\n{table(columns, cells, 2)}"


def _answers_table(rows: Sequence[dict[str, Any]]) -> str:
    columns = (
        "teacher",
        "lines",
        "K",
        *(f"{count} classes" for count in KEPT),
        "bytes a line",
        "largest line",
        "before: largest line",
    )
    cells = [
        (
            row["teacher"],
            row["data"],
            f"{row['classes']:,}",
            *(f"{share:.4%}" for share in row["left"].values()),
            f"{row['bytes']:,.0f}",
            f"{row['largest']:,}",
            f"{row['largest_before']:,}",
        )
        for row in rows
    ]
    text = "Mean share of the probability of a frame that is left to the other classes, and bytes on disk."
    return f"## Answers of teachers\n\n{text}\n\n{table(columns, cells, 2)}"


if __name__ == "__main__":
    sys.exit(main())
