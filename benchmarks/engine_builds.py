"""How large are TensorRT-RTX engines, how many layers have they, and in which precision? Needs no GPU.

Each model is built in FP32, FP16 and INT8, with its GRUs in the plugin and in TensorRT's loops, for one GPU and for
several. What TensorRT-RTX cannot build is listed with its reason. The registers that the plugin's kernels take on each
architecture come with it.

    python benchmarks/engine_builds.py english_g2.onnx legere.onnx student.onnx --calib DATA/train.tar \
        -o benchmarks/results/engine-builds
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from crnn_deploy.engine.build_engine import build_engine
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.native.plugin import BuiltPlugin, cached_plugin
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.units import size

PROFILE = "1x32,8x320,16x640"
TARGETS = (("sm89",), ("sm86", "sm89", "sm120"), ("sm75", "sm86", "sm89", "sm120"))
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="FP32 .onnx artifacts")
    parser.add_argument("--calib", required=True, help="images to calibrate INT8 on")
    parser.add_argument("-o", "--output", required=True, type=Path, help="without a suffix")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for path in options.models for row in builds(path, options.calib, Path(folder))]
    plugin = cached_plugin(())
    found = {"date": datetime.date.today().isoformat(), "profile": PROFILE, "rows": rows}
    found["plugin"] = {"nvcc": plugin.nvcc, "bytes": plugin.bytes, "kernels": plugin.facts()["resources"]}
    options.output.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = "\n".join(markdown(found, plugin)) + "\n"
    options.output.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def builds(path: Path, calib: str, folder: Path) -> list[dict[str, Any]]:
    """One row for each precision, home of the GRUs and set of GPUs."""
    config = QuantizeConfig(model=path, data=calib, output=folder / f"{path.stem}.int8.onnx", target="tensorrt")
    quantized = quantize(config).artifact.path
    return [
        {"model": path.stem, "precision": precision, "targets": targets, "plugin": plugin}
        | figures(quantized if precision == "int8" else path, precision, targets, plugin, folder)
        for targets in TARGETS
        for plugin in (True, False)
        for precision in PRECISIONS
    ]


def figures(model: Path, precision: Precision, targets: tuple[str, ...], plugin: bool, folder: Path) -> dict[str, Any]:
    config = EngineConfig(
        **{"model": model, "output": folder / "m.engine", "force": True, "flavor": "tensorrt-rtx", "targets": targets},
        **{"precision": precision, "plugin": plugin, "profiles": (PROFILE,)},
    )
    try:
        record = build_engine(config).record
    except CrnnDeployError as error:
        return {
            "refused": f"{error.what} {error.cause.splitlines()[0] if error.cause else ''}".partition(" In compile")[0]
        }
    return {
        "bytes": record.engine_bytes,
        "plugin_bytes": record.plugin_bytes,
        "seconds": round(record.seconds, 2),
        "version": record.manifest.version,
        "layers": {f"{layer.kind} {layer.precision}": layer.count for layer in record.layers},
        "recurrent": {layer.name: layer.home for layer in record.recurrent},
    }


def markdown(found: dict[str, Any], plugin: BuiltPlugin) -> list[str]:
    lines = [
        f"# TensorRT-RTX engines, {found['date']}",
        "",
        f"One profile, {found['profile']}. Sizes with the plugin.",
        "",
    ]
    lines += ["| model | GRU in | GPUs | FP32 | FP16 | INT8 | layers in FP16 |", "|---|---|---|---:|---:|---:|---:|"]
    rows = {(r["model"], tuple(r["targets"]), r["plugin"], r["precision"]): r for r in found["rows"]}
    for model, targets, inside, _ in [key for key in rows if key[3] == "fp32"]:
        three = [rows[model, targets, inside, precision] for precision in PRECISIONS]
        homes = {home for row in three for home in row.get("recurrent", {}).values()}
        if inside and homes == {"loop"}:
            continue  # it has no GRU, and stands with the loops
        sizes = " | ".join(size(row["bytes"]) if "bytes" in row else "refused" for row in three)
        layers = sum(three[1].get("layers", {}).values()) or "–"
        lines.append(f"| {model} | {'plugin' if inside else 'loop'} | {' '.join(targets)} | {sizes} | {layers} |")
    reasons = dict.fromkeys(row["refused"] for row in found["rows"] if "refused" in row)
    lines += ["", "Refused:", "", *(f"- {reason}" for reason in reasons), ""] if reasons else [""]
    lines += [f"## Kernels of the plugin, nvcc {plugin.nvcc}", "", "| kernel | registers | spilled |", "|---|---|---:|"]
    for name in dict.fromkeys(kernel.kernel for kernel in plugin.resources):
        mine = [kernel for kernel in plugin.resources if kernel.kernel == name]
        registers = ", ".join(f"{kernel.architecture} {kernel.registers}" for kernel in mine)
        lines.append(f"| `{name}` | {registers} | {max(kernel.spilled_bytes for kernel in mine)} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
