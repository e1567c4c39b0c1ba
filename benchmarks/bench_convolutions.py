"""How much faster is `QLinearNhwcConv` than the INT8 convolutions that ONNX Runtime has?

Models of eight equal convolutions behind each other, with random weights, run in turns in ONNX Runtime: as standard
ONNX, of which it makes its own `QLinearConv`, and as `quantize` writes them. Both give the same bytes.

    python benchmarks/bench_convolutions.py -o benchmarks/results/convolutions
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from side_by_side import table, undisturbed_ms, write_results

from crnn_deploy.quantization.rewrite.linear_convolutions import put_convolutions_in_own_ops
from crnn_deploy.quantization.rewrite.qdq import insert_qdq
from crnn_deploy.quantization.rewrite.scheme import SCHEMES
from crnn_deploy.runtime.onnxruntime import session_options
from crnn_deploy.units import ratio, significant

LAYERS = 8
EXPLANATION = """\
[Undisturbed times](../../docs/figures.md#latency-and-speed-up) of one of eight equal convolutions behind each other, \
in a model that reads and writes FP32, run in turns in one process: of one thread by its CPU time, of several by the \
wall clock. GOP/s counts two operations for each multiply-add. × is the speed against ONNX Runtime's own convolutions \
in the same rounds; both give the same bytes. Only processors with AMX have kernels of ours: elsewhere both models run \
the same nodes."""


@dataclass(frozen=True)
class Setting:
    """Convolutions that keep channels and size of a map, and what they run on."""

    channels: int
    kernel: int
    height: int
    width: int
    batch: int
    threads: int

    @property
    def operations(self) -> int:
        return 2 * (self.channels * self.kernel) ** 2 * self.height * self.width * self.batch


def main() -> int:
    options = parse_options()
    rows = []
    for setting in settings(options):
        rows.append(measure(setting, options.rounds, options.seconds))
        print(describe(rows[-1]), file=sys.stderr)
    columns = ["Threads", "C", "Kernel", "H × W", "B", "ORT, µs", "ours, µs", "ORT, GOP/s", "ours, GOP/s", "ours, ×"]
    blocks = [EXPLANATION, table(columns, [cells(row) for row in rows], text_columns=0)]
    given = {"rounds": options.rounds, "seconds": options.seconds}
    write_results(options.output, "Convolutions in INT8: ours against ONNX Runtime's", blocks, rows, given)
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STEM", help="writes STEM.json and STEM.md")
    parser.add_argument("--rounds", type=int, default=2000, help="most rounds of one setting")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for one model in one setting")
    parser.add_argument("--channels", nargs="+", type=int, default=[16, 32, 64, 128, 256])
    parser.add_argument("--kernels", nargs="+", type=int, default=[1, 3])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    return parser.parse_args()


def settings(options: argparse.Namespace) -> Iterator[Setting]:
    axes = (options.threads, options.kernels, options.channels, options.batches)
    for threads, kernel, channels, batch in itertools.product(*axes):
        yield Setting(channels, kernel, 8, 24, batch, threads)


def measure(setting: Setting, rounds: int, seconds: float) -> dict[str, Any]:
    """Times of both models in one setting. Raises `ValueError` if they do not give the same."""
    theirs, ours = network(setting), network(setting)
    put_convolutions_in_own_ops(ours)
    shape = setting.batch, setting.channels, setting.height, setting.width
    fed = {"x": np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)}
    sessions = [session(model, setting.threads) for model in (theirs, ours)]
    first, second = (each.run(None, fed)[0] for each in sessions)
    if not np.array_equal(first, second):
        raise ValueError(f"{setting}: the results differ")
    acts = [lambda each=each: each.run(None, fed) for each in sessions]
    times = undisturbed_ms(acts, rounds, seconds, "cpu" if setting.threads == 1 else "wall")
    one = [1000 * ms / LAYERS for ms in times]
    return {
        **vars(setting),
        "ort_us": one[0],
        "ours_us": one[1],
        "speedup": one[0] / one[1],
        "operations": setting.operations,
    }


def network(setting: Setting) -> onnx.ModelProto:
    """The convolutions in INT8, as Q/DQ nodes of standard ONNX."""
    random = np.random.default_rng(0)
    shape = setting.channels, setting.channels, setting.kernel, setting.kernel
    nodes, weights = [], []
    for layer in range(LAYERS):
        values = random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"w{layer}"))
        source = "x" if layer == 0 else f"y{layer - 1}"
        pads = [setting.kernel // 2] * 4
        nodes.append(helper.make_node("Conv", [source, f"w{layer}"], [f"c{layer}"], f"conv{layer}", pads=pads))
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"y{layer}"], f"relu{layer}"))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", setting.channels, "H", "W"])
        for name in ("x", f"y{LAYERS - 1}")
    ]
    graph = helper.make_graph(nodes, "convolutions", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    ranges = {"x": (-1.0, 1.0), **{f"y{layer}": (0.0, 2.0) for layer in range(LAYERS)}}
    return insert_qdq(model, {f"conv{layer}" for layer in range(LAYERS)}, ranges, SCHEMES["cpu"])


def session(model: onnx.ModelProto, threads: int) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), session_options(threads), providers=["CPUExecutionProvider"])


def cells(row: dict[str, Any]) -> list[str]:
    speeds = [significant(row["operations"] / row[f"{name}_us"] / 1000) for name in ("ort", "ours")]
    times = [significant(row[f"{name}_us"]) for name in ("ort", "ours")]
    size = f"{row['height']} × {row['width']}"
    place = [str(row["threads"]), str(row["channels"]), str(row["kernel"]), size, str(row["batch"])]
    return [*place, *times, *speeds, ratio(row["speedup"])]


def describe(row: dict[str, Any]) -> str:
    return " | ".join(cells(row))


if __name__ == "__main__":
    sys.exit(main())
