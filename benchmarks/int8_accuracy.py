"""What INT8 costs in accuracy on a whole data set: each model quantized here, against its own FP32 file.

    python benchmarks/int8_accuracy.py english_g2.onnx legere.onnx student.onnx \
        --calib DATA/train.tar --data DATA/val.tar -o benchmarks/results/int8-accuracy.json
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from crnn_deploy.api import evaluate, quantize
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.difference import paired_difference, text_agreement
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.quantization.config import QuantizeConfig


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="FP32 .onnx artifacts")
    parser.add_argument("--calib", required=True, help="images to calibrate on and to choose with, 500 of them")
    parser.add_argument("--data", required=True, help="labelled images that neither has seen")
    parser.add_argument("-o", "--output", required=True, type=Path)
    options = parser.parse_args()
    rows = [measure(model, options.calib, options.data) for model in options.models]
    options.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        low, high = row["ci95"]
        print(f"{row['model']}: {row['cer_ci_fp32']:.2%} → {row['cer_ci_int8']:.2%}, ", end="")
        print(f"{100 * row['change']:+.2f} points ({100 * low:+.2f} … {100 * high:+.2f})")
    return 0


def measure(model: Path, calib: str, data: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        made = quantize(QuantizeConfig(model=model, data=calib, output=Path(folder) / "int8.onnx", threads=1))
        fp32, int8 = _read(model, data), _read(made.artifact.path, data)
        size = made.artifact.size_bytes
    change = paired_difference(int8, fp32)
    return {
        "model": model.stem,
        "images": fp32.accuracy.count,
        "calibrator": made.record.calibrator,
        "cer_ci_fp32": fp32.accuracy.cer_ci,
        "cer_ci_int8": int8.accuracy.cer_ci,
        "change": change.delta,
        "ci95": [change.low, change.high],
        "same_text": text_agreement(fp32, int8),
        "size_ratio": size / model.stat().st_size,
        "layers_in_fp32": sum(layer.precision == "fp32" for layer in made.record.layers),
    }


def _read(model: Path, data: str) -> Evaluation:
    return evaluate(EvaluateConfig(artifact=model, data=data, threads=1))


if __name__ == "__main__":
    sys.exit(main())
