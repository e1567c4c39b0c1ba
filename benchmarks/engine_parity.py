"""Does the graph that a TensorRT engine is built from read what its parent reads?

ONNX Runtime runs the lowered graph on the CPU, on the 1,000 reference lines: as it is in FP32, and in FP16 and INT8
with the rounding to FP16 written out. No engine runs here, and TensorRT's own loops round more often than this shows.

    python benchmarks/engine_parity.py english_g2.onnx legere.onnx student.onnx \
        --calib DATA/train.tar --data DATA/val.tar -o benchmarks/results/engine-parity.json
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from reference_cer import reference_lines

from crnn_deploy.artifact import open_artifact, read_onnx
from crnn_deploy.data.network_inputs import NetworkInputs
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.engine.lowering.result import LoweringOptions
from crnn_deploy.engine.proof.proof import Proven, prove
from crnn_deploy.engine.proof.rounding import rounded
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.evaluation.difference import paired_difference, text_agreement
from crnn_deploy.evaluation.evaluate import evaluate_session
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize
from crnn_deploy.runtime.onnxruntime import open_network
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.spec import ModelSpec

LOOKED_AT = 100  # lines whose activations and logits are compared one by one


class GraphSession:
    """A graph in memory as a `Session`."""

    runtime = "onnxruntime"

    def __init__(self, model: onnx.ModelProto, spec: ModelSpec) -> None:
        self.spec = spec
        self._session = open_network(model, 1).session

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        name = self._session.get_inputs()[0].name
        return batch_first(self._session.run(None, {name: images})[0], self.spec)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="FP32 .onnx artifacts")
    parser.add_argument("--calib", required=True, help="images to calibrate INT8 on")
    parser.add_argument("--data", required=True, type=Path, help="sroie_lines/val.tar")
    parser.add_argument("-o", "--output", required=True, type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = reference_lines(options.data, Path(folder) / "lines.tar")
        rows = [row for model in options.models for row in measure(model, options.calib, lines, Path(folder))]
    tools = {name: importlib.metadata.version(name) for name in ("onnx", "onnxruntime")}
    options.output.write_text(json.dumps({"tools": tools, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        print(
            f"{row['model']} {row['precision']} ({row['form']}): {row['same_text']:.1%} of lines as in FP32, ", end=""
        )
        print(f"CER {row['cer_ci']:.2%} ({100 * row['change']:+.2f} points)")
    identical = all(row["same_text"] == 1 for row in rows if row["precision"] == "fp32")
    return 0 if identical else 1


def measure(path: Path, calib: str, lines: Path, folder: Path) -> list[dict[str, Any]]:
    """Rows of one model: each precision against the FP32 parent; INT8 also without TensorRT's lowering."""
    spec, parent = open_artifact(path).spec, read_onnx(path)
    config = QuantizeConfig(
        model=path, data=calib, output=folder / f"{path.stem}.int8.onnx", target="tensorrt", threads=1
    )
    quantized = read_onnx(quantize(config).artifact.path)
    expected = read(parent, spec, lines)
    as_quantized = compared(read(quantized, spec, lines), expected)
    rows = []
    models: dict[Precision, onnx.ModelProto] = {"fp32": parent, "fp16": parent, "int8": quantized}
    for precision, model in models.items():
        proven = prove(
            model,
            LoweringOptions(precision=precision),
            spec,
            NetworkInputs(looked_at(lines), spec.preprocessing),
            threads=1,
        )
        form = proven.lowered.model if precision == "fp32" else rounded(proven.lowered.model)
        rows.append(row(path, proven, compared(read(form, spec, lines), expected)))
    return [*rows, {"model": path.stem, "precision": "int8", "form": "as quantized", **as_quantized}]


def looked_at(lines: Path) -> Any:
    return sample(open_source(lines), LOOKED_AT, seed=0)


def read(model: onnx.ModelProto, spec: ModelSpec, lines: Path) -> Evaluation:
    return evaluate_session(GraphSession(model, spec), open_source(lines), EvaluateOptions(batch_size=8, threads=1))


def compared(found: Evaluation, expected: Evaluation) -> dict[str, Any]:
    change = paired_difference(found, expected)
    return {
        "lines": found.accuracy.count,
        "same_text": text_agreement(found, expected),
        "cer_ci": found.accuracy.cer_ci,
        "change": change.delta,
        "ci95": [change.low, change.high],
    }


def row(path: Path, proven: Proven, figures: dict[str, Any]) -> dict[str, Any]:
    parity = proven.parity
    return {
        "model": path.stem,
        "precision": parity.precision,
        "form": parity.form,
        **figures,
        "max_difference": parity.max_difference,
        "peak": parity.peak,
        "peak_node": parity.peak_node,
        "kept_fp32": list(parity.kept_fp32),
        "recurrent": [f"{layer.op} {layer.hidden}: {layer.home}" for layer in proven.lowered.recurrent],
    }


if __name__ == "__main__":
    sys.exit(main())
