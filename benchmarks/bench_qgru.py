"""How much faster are `QGRU` and `QLSTM` than the recurrent layers that ONNX Runtime has?

Bidirectional layers with random weights, each a model of one node, run in turns in ONNX Runtime: its own FP32 GRU or
LSTM, our op, and for LSTM also `com.microsoft.DynamicQuantizeLSTM`, as `quantize_dynamic` makes it.

    python benchmarks/bench_qgru.py -o benchmarks/results/qgru
    python benchmarks/bench_qgru.py --kernels avx2 portable -o /tmp/levels     # forced levels beside the best one
"""

from __future__ import annotations

import argparse
import itertools
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from side_by_side import decibels, table, undisturbed_ms, variable, write_results

from crnn_deploy.native import KERNELS_VARIABLE
from crnn_deploy.quantization.rewrite.recurrent import quantize_recurrent
from crnn_deploy.runtime.onnxruntime import session_options
from crnn_deploy.units import ratio, significant

GATES = {"GRU": 3, "LSTM": 4}
OPSET = 20
PARENT, OURS, DYNAMIC = "ORT FP32", "ours", "DynamicQuantizeLSTM"


@dataclass(frozen=True)
class Setting:
    """One layer, `[T, N, C]` → `[T, 2, N, H]`, and what it runs on."""

    cell: str
    hidden: int
    channels: int
    batch: int
    steps: int
    threads: int


def main() -> int:
    options = parse_options()
    logging.disable(logging.WARNING)  # `quantize_dynamic` repeats its advice for every model
    rows = []
    for setting in settings(options):
        rows.append(measure(setting, options.kernels, options.rounds, options.seconds))
        print(describe(rows[-1]), file=sys.stderr)
    blocks = [explanation(), *(cell_table(rows, cell) for cell in options.cells)]
    given = {"rounds": options.rounds, "seconds": options.seconds}
    write_results(options.output, "Recurrent layers: INT8 against FP32", blocks, rows, given)
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STEM", help="writes STEM.json and STEM.md")
    parser.add_argument("--rounds", type=int, default=2000, help="most rounds of one setting")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for one op in one setting")
    parser.add_argument("--kernels", nargs="+", default=[], metavar="LEVEL", help="force these levels of ours, too")
    parser.add_argument("--cells", nargs="+", default=[*GATES], choices=GATES)
    parser.add_argument("--hidden", nargs="+", type=int, default=[96, 128, 256], help="with 128 inputs; above 128: 512")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--steps", nargs="+", type=int, default=[24, 100])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    return parser.parse_args()


def settings(options: argparse.Namespace) -> Iterator[Setting]:
    axes = (options.cells, options.threads, options.hidden, options.batches, options.steps)
    for cell, threads, hidden, batch, steps in itertools.product(*axes):
        yield Setting(cell, hidden, 128 if hidden <= 128 else 512, batch, steps, threads)


def measure(setting: Setting, levels: Sequence[str], rounds: int, seconds: float) -> dict[str, Any]:
    """Times of every variant in one setting, and how close its output is to FP32."""
    fp32 = layer(setting)
    fed = {"X": inputs(setting)}
    sessions = {PARENT: session(fp32, setting.threads), OURS: session(ours(fp32), setting.threads)}
    for level in levels:
        with variable(KERNELS_VARIABLE, level):  # read when a session is made
            sessions[f"ours, {level}"] = session(ours(fp32), setting.threads)
    if setting.cell == "LSTM":
        sessions[DYNAMIC] = session(dynamic(fp32), setting.threads)
    outputs = {name: each.run(None, fed)[0] for name, each in sessions.items()}
    acts = [lambda each=each: each.run(None, fed) for each in sessions.values()]
    # CPU time of a thread that has helpers would not be that of the run.
    times = undisturbed_ms(acts, rounds, seconds, "cpu" if setting.threads == 1 else "wall")
    variants = {
        name: {"ms": ms, "speedup": times[0] / ms, "snr_db": decibels(outputs[PARENT], outputs[name])}
        for name, ms in zip(sessions, times, strict=True)
    }
    return {**vars(setting), "variants": variants}


def layer(setting: Setting) -> onnx.ModelProto:
    """A model of one bidirectional layer, with weights as PyTorch initialises them."""
    random = np.random.default_rng(0)
    bound = setting.hidden**-0.5
    rows = GATES[setting.cell] * setting.hidden
    shapes = {"W": (2, rows, setting.channels), "R": (2, rows, setting.hidden), "B": (2, 2 * rows)}
    weights = [
        numpy_helper.from_array(random.uniform(-bound, bound, shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    node = helper.make_node(
        setting.cell, ["X", "W", "R", "B"], ["Y"], "layer", hidden_size=setting.hidden, direction="bidirectional"
    )
    if setting.cell == "GRU":
        node.attribute.append(helper.make_attribute("linear_before_reset", 1))
    x = helper.make_tensor_value_info("X", TensorProto.FLOAT, ["T", "N", setting.channels])
    y = helper.make_tensor_value_info("Y", TensorProto.FLOAT, ["T", 2, "N", setting.hidden])
    graph = helper.make_graph([node], "layer", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def ours(fp32: onnx.ModelProto) -> onnx.ModelProto:
    model = onnx.ModelProto()
    model.CopyFrom(fp32)
    quantize_recurrent(model, ["layer"])
    return model


def dynamic(fp32: onnx.ModelProto) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dynamic.onnx"
        quantize_dynamic(fp32, path, per_channel=True, weight_type=QuantType.QInt8)
        return onnx.load(path)


def session(model: onnx.ModelProto, threads: int) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), session_options(threads), providers=["CPUExecutionProvider"])


def inputs(setting: Setting) -> NDArray[np.float32]:
    shape = setting.steps, setting.batch, setting.channels
    return np.random.default_rng(1).standard_normal(shape, np.float32)


def describe(row: dict[str, Any]) -> str:
    setting = " ".join(str(value) for name, value in row.items() if name != "variants")
    return setting + "".join(f" · {name} {each['ms']:.3f} ms" for name, each in row["variants"].items())


def explanation() -> str:
    return (
        "[Undisturbed times](../../docs/figures.md#latency-and-speed-up) of one bidirectional layer, run in turns in "
        "one process: of one thread by its CPU time, of several by the wall clock. × is the speed against ONNX "
        "Runtime's own FP32 layer in the same rounds, dB the power of its output over that of the difference from it."
    )


def cell_table(rows: Sequence[dict[str, Any]], cell: str) -> str:
    """All settings of one cell, a line each."""
    chosen = [row for row in rows if row["cell"] == cell]
    others = [name for name in chosen[0]["variants"] if name != PARENT]
    columns = ["Threads", "H", "C", "B", "T", f"{PARENT}, ms"]
    columns += [f"{name}, {unit}" for name in others for unit in ("ms", "×", "dB")]
    lines = []
    for row in chosen:
        line = [str(row[key]) for key in ("threads", "hidden", "channels", "batch", "steps")]
        line.append(significant(row["variants"][PARENT]["ms"]))
        for name in others:
            found = row["variants"][name]
            noise = "∞" if found["snr_db"] is None else f"{found['snr_db']:.1f}"
            line += [significant(found["ms"]), ratio(found["speedup"]), noise]
        lines.append(line)
    return f"## {cell}\n\n{table(columns, lines, text_columns=0)}"


if __name__ == "__main__":
    sys.exit(main())
