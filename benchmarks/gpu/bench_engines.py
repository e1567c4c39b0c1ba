"""Compares speed and accuracy of whole TensorRT engines with ONNX Runtime's CUDA provider and PyTorch in FP16.

Needs an NVIDIA GPU and TensorRT or TensorRT-RTX. Builds engines of each model in FP32, FP16 and INT8, with GRU layers
in the plugin and in TensorRT's own loop. All variants then run in turns in one process, and read the same lines.

    PYTHONPATH=benchmarks python benchmarks/gpu/bench_engines.py teacher.safetensors student.safetensors \\
        --calib train.tar --data val.tar -o benchmarks/results/gpu/engines
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from bench_int8 import PARENT, Variant, findings, onnxruntime_variant, report
from gpu_sessions import OnnxRuntimeCuda, torch_cuda
from int8_tables import sizes
from quantized_anyway import quantized_anyway
from side_by_side import table, write_results

from crnn_deploy.api import export
from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.engine.build_engine import BuiltEngine, build_engine
from crnn_deploy.engine.config import EngineConfig, FlavorChoice
from crnn_deploy.engine.flavors import find_flavor
from crnn_deploy.errors import CrnnDeployError, InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.report.run.markdown import escape
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.tensorrt.cuda_memory import find_gpu
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.units import MISSING, ratio, significant

ORT_CUDA, TORCH, TORCH_GRAPH = "ORT CUDA FP32", "torch FP16", "torch FP16, CUDA graph"
PEERS = (ORT_CUDA, TORCH, TORCH_GRAPH)

EXPLANATION = (
    "Medians of one batch by the wall clock, with the copies to the GPU and back, without preprocessing and decoding. "
    f"All variants of a model run in turns in one process, each twice in a row, and the second run counts. *{PARENT}* "
    "runs on the CPU; the texts of the other variants are compared with its texts. PyTorch records a CUDA graph for "
    "each shape. *Least dB* is the lowest ratio of the power of the CPU's logits to the power of the difference from "
    "them."
)


def main() -> int:
    options = parse_options()
    logging.disable(logging.WARNING)
    try:
        flavor = require_tensorrt(options.flavor)
        with tempfile.TemporaryDirectory() as folder:
            models = [measure(path, options, Path(folder)) for path in options.models]
        settings = {name: value for name, value in vars(options).items() if name not in ("models", "output")}
        blocks = [EXPLANATION, *map(describe, models)]
        write_results(options.output, "Whole engines on a GPU", blocks, models, settings | flavor)
    except InputError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help=".safetensors or FP32 .onnx; PyTorch runs the former only")
    parser.add_argument("--calib", required=True, metavar="SOURCE", help="images to calibrate and check engines with")
    parser.add_argument("--data", required=True, metavar="SOURCE", help="other images, to read; their widths are timed")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STEM", help="writes STEM.json and STEM.md")
    parser.add_argument("--flavor", default="auto", choices=get_args(FlavorChoice))
    parser.add_argument("--samples", type=int, default=300, help="images for calibration")
    parser.add_argument("--images", type=int, default=1000, help="images to read")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--threads", nargs="+", type=int, default=[1], help="threads of ONNX Runtime on the CPU")
    parser.add_argument("--rounds", type=int, default=200, help="largest number of rounds of one setting")
    parser.add_argument("--seconds", type=float, default=0.4, help="half of the time for one variant in one setting")
    return parser.parse_args()


def require_tensorrt(choice: str) -> dict[str, str]:
    """Names of the GPU, and of the TensorRT that builds for it, with their versions.

    Raises:
        InputError: if one of them is missing.
    """
    gpu = find_gpu()
    if gpu is None:
        raise InputError(
            "There is no NVIDIA GPU, or no driver for it, so nothing is measured or written.",
            fix="Run this on a machine with an NVIDIA GPU.",
        )
    flavor, _ = find_flavor(cast(FlavorChoice, choice), (gpu.compute_capability,))
    return {"GPU": f"{gpu.name}, {gpu.compute_capability}", flavor.name: str(flavor.trt.__version__)}


def measure(path: Path, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Results for one model: sizes, speeds and texts of its variants, and notes on variants that failed."""
    original = open_artifact(path)
    model = original
    if original.format == "safetensors":
        report(f"{path.stem}: exporting")
        model = export(ExportConfig(model=path, output=folder / f"{path.stem}.onnx", force=True))
    report(f"{path.stem}: building engines")
    variants, notes = make_variants(original, model, options, folder)
    results = findings(path.stem, variants, model, open_source(options.data), options)
    return {"model": path.stem, "variants": results, "notes": notes}


def make_variants(
    original: Artifact, model: Artifact, options: argparse.Namespace, folder: Path
) -> tuple[dict[str, Variant], dict[str, str]]:
    """Variants by name, and notes on variants that failed or miss their budget."""
    variants, notes = {PARENT: onnxruntime_variant(model)}, {}

    def peer(name: str, start: Callable[[], Any]) -> None:
        try:
            start()
            variants[name] = Variant(model, lambda *_: start(), "")
        except Exception as error:  # any error of another tool is a result
            notes[name] = f"{type(error).__name__}: {error}"

    peer(ORT_CUDA, lambda: OnnxRuntimeCuda(model))
    peer(TORCH, lambda: torch_cuda(original, in_graphs=False))
    peer(TORCH_GRAPH, lambda: torch_cuda(original, in_graphs=True))
    for precision in get_args(Precision):
        name = f"TensorRT {precision.upper()}"
        try:
            source = quantized(model, options, folder, notes) if precision == "int8" else model
            variants |= engines(name, source, precision, options, folder)
        except CrnnDeployError as error:
            notes[name] = str(error)
    return variants, notes


def quantized(model: Artifact, options: argparse.Namespace, folder: Path, notes: dict[str, str]) -> Artifact:
    """The Q/DQ file for TensorRT. If it misses its budget, it is measured nevertheless, with a note."""
    config = QuantizeConfig(
        model=model.path,
        data=options.calib,
        output=folder / f"{model.path.stem}.tensorrt8.onnx",
        target="tensorrt",
        samples=options.samples,
        threads=1,
        force=True,
    )
    done, rejection = quantized_anyway(config)
    if rejection is not None:
        notes["quantize"] = str(rejection)
    return done.artifact


def engines(
    name: str, source: Artifact, precision: Precision, options: argparse.Namespace, folder: Path
) -> dict[str, Variant]:
    """An engine and, if one of its layers runs in the plugin, a second engine with TensorRT's loop instead."""

    def build(plugin: bool) -> BuiltEngine:
        home = "plugin" if plugin else "loop"
        return build_engine(
            EngineConfig(
                model=source.path,
                output=folder / f"{source.path.stem}.{precision}.{home}.engine",
                precision=precision,
                flavor=options.flavor,
                max_batch=max(options.batches),
                plugin=plugin,
                data=options.calib,
                force=True,
            )
        )

    built = build(plugin=True)
    if not any(layer.home == "plugin" for layer in built.record.recurrent):
        return {name: engine_variant(built)}
    return {f"{name}, plugin": engine_variant(built), f"{name}, loop": engine_variant(build(plugin=False))}


def engine_variant(built: BuiltEngine) -> Variant:
    layers = [f"{layer.count} × {layer.kind} {layer.precision}" for layer in built.record.layers]
    return Variant(built.artifact, lambda *_: open_session(built.artifact), ", ".join(layers))


def describe(model: Mapping[str, Any]) -> str:
    """Markdown of the results for one model."""
    realised = [f"- **{name}**: {escape(variant['realised'])}" for name, variant in model["variants"].items()]
    notes = [f"- **{name}**: {escape(note)}" for name, note in model["notes"].items()]
    return "\n\n".join([f"## {model['model']}", speeds(model["variants"]), sizes(model), "\n".join(realised + notes)])


def speeds(variants: Mapping[str, Any]) -> str:
    """Table with the time of each variant in each setting, and its speed-up over each of `PEERS`."""
    peers = [name for name in PEERS if name in variants]
    rows: list[Sequence[str]] = []
    for setting in next(iter(variants.values()))["latency"]:
        times = {name: variant["latency"][setting]["ms"] for name, variant in variants.items()}
        for name, ms in times.items():
            against = [MISSING if name == peer else ratio(times[peer] / ms) for peer in peers]
            rows.append([setting, name, significant(ms), *against])
    return table(["Line", "Variant", "ms", *(f"× {peer}" for peer in peers)], rows, text_columns=2)


if __name__ == "__main__":
    sys.exit(main())
