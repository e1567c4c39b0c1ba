"""How fast and how accurate are whole TensorRT engines, beside ONNX Runtime's CUDA provider and PyTorch in FP16?

Needs an NVIDIA GPU and TensorRT or TensorRT-RTX. From each model come engines in FP32, FP16 and INT8, GRU layers in the
plugin and in TensorRT's own loop; all variants then run in turns in one process, and read the same lines.

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
from side_by_side import table, write_results

from crnn_deploy.api import export, quantize
from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.engine.build_engine import BuiltEngine, build_engine
from crnn_deploy.engine.config import EngineConfig, FlavorChoice
from crnn_deploy.engine.flavors import find_flavor
from crnn_deploy.errors import CrnnDeployError, InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import RejectedError
from crnn_deploy.report.run.markdown import escape
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.tensorrt.cuda_memory import find_gpu
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.units import MISSING, ratio, significant

ORT_CUDA, TORCH, TORCH_GRAPH = "ORT CUDA FP32", "torch FP16", "torch FP16, CUDA graph"
PEERS = (ORT_CUDA, TORCH, TORCH_GRAPH)

EXPLANATION = (
    f"Medians of one batch by the wall clock, with the copies to the GPU and back, without preprocessing and decoding. "
    f"All variants of a model run in turns in one process, each twice in a row, and the second run counts. *{PARENT}* "
    "runs on the CPU; its texts are what the others are held against. PyTorch records a CUDA graph for each shape. "
    "*Least dB* is the power of the CPU's logits over that of the difference from them, where it is lowest."
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
    parser.add_argument("--calib", required=True, metavar="SOURCE", help="images to calibrate and to prove engines on")
    parser.add_argument("--data", required=True, metavar="SOURCE", help="other images, to read and to take widths from")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STEM", help="writes STEM.json and STEM.md")
    parser.add_argument("--flavor", default="auto", choices=get_args(FlavorChoice))
    parser.add_argument("--samples", type=int, default=300, help="images to calibrate on")
    parser.add_argument("--images", type=int, default=1000, help="images to read")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--threads", nargs="+", type=int, default=[1], help="of ONNX Runtime on the CPU")
    parser.add_argument("--rounds", type=int, default=200, help="most rounds of one setting")
    parser.add_argument("--seconds", type=float, default=0.4, help="half the time for one variant in one setting")
    return parser.parse_args()


def require_tensorrt(choice: str) -> dict[str, str]:
    """The GPU, and the TensorRT that will build for it.

    Raises:
        InputError: if one of them is missing.
    """
    gpu = find_gpu()
    if gpu is None:
        raise InputError(
            "There is no NVIDIA GPU, or no driver for it, so that nothing is measured or written.",
            fix="Run it on a machine that has one.",
        )
    flavor, _ = find_flavor(cast(FlavorChoice, choice), (gpu.compute_capability,))
    return {"GPU": f"{gpu.name}, {gpu.compute_capability}", flavor.name: str(flavor.trt.__version__)}


def measure(path: Path, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything about one model: its variants' sizes, speeds and texts, and which variants failed."""
    given = open_artifact(path)
    model = given
    if given.format == "safetensors":
        report(f"{path.stem}: exporting")
        model = export(ExportConfig(model=path, output=folder / f"{path.stem}.onnx", force=True))
    report(f"{path.stem}: building engines")
    variants, notes = make_variants(given, model, options, folder)
    found = findings(path.stem, variants, model, open_source(options.data), options)
    return {"model": path.stem, "variants": found, "notes": notes}


def make_variants(
    given: Artifact, model: Artifact, options: argparse.Namespace, folder: Path
) -> tuple[dict[str, Variant], dict[str, str]]:
    """Variants by name, and what is to be said about them or those that cannot be made."""
    variants, notes = {PARENT: onnxruntime_variant(model)}, {}

    def peer(name: str, start: Callable[[], Any]) -> None:
        try:
            start()
            variants[name] = Variant(model, lambda *_: start(), "")
        except Exception as error:  # whatever another's tool raises is a result
            notes[name] = f"{type(error).__name__}: {error}"

    peer(ORT_CUDA, lambda: OnnxRuntimeCuda(model))
    peer(TORCH, lambda: torch_cuda(given, in_graphs=False))
    peer(TORCH_GRAPH, lambda: torch_cuda(given, in_graphs=True))
    for precision in get_args(Precision):
        name = f"TensorRT {precision.upper()}"
        try:
            source = quantized(model, options, folder, notes) if precision == "int8" else model
            variants |= engines(name, source, precision, options, folder)
        except CrnnDeployError as error:
            notes[name] = str(error)
    return variants, notes


def quantized(model: Artifact, options: argparse.Namespace, folder: Path, notes: dict[str, str]) -> Artifact:
    """The Q/DQ file for TensorRT; one that misses its budget is measured too, and noted."""
    config = QuantizeConfig(
        model=model.path,
        data=options.calib,
        output=folder / f"{model.path.stem}.tensorrt8.onnx",
        target="tensorrt",
        samples=options.samples,
        threads=1,
        force=True,
    )
    try:
        return quantize(config).artifact
    except RejectedError as error:
        notes["quantize"] = str(error)
        return error.quantized.artifact


def engines(
    name: str, source: Artifact, precision: Precision, options: argparse.Namespace, folder: Path
) -> dict[str, Variant]:
    """An engine and, where a layer of it runs in the plugin, one with TensorRT's loop in its place."""

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
    """Everything about one model."""
    realised = [f"- **{name}**: {escape(found['realised'])}" for name, found in model["variants"].items()]
    notes = [f"- **{name}**: {escape(note)}" for name, note in model["notes"].items()]
    return "\n\n".join([f"## {model['model']}", speeds(model["variants"]), sizes(model), "\n".join(realised + notes)])


def speeds(variants: Mapping[str, Any]) -> str:
    """Time of every variant in every setting, and its speed against each peer's."""
    peers = [name for name in PEERS if name in variants]
    rows: list[Sequence[str]] = []
    for setting in next(iter(variants.values()))["latency"]:
        times = {name: found["latency"][setting]["ms"] for name, found in variants.items()}
        for name, ms in times.items():
            against = [MISSING if name == peer else ratio(times[peer] / ms) for peer in peers]
            rows.append([setting, name, significant(ms), *against])
    return table(["Line", "Variant", "ms", *(f"× {peer}" for peer in peers)], rows, text_columns=2)


if __name__ == "__main__":
    sys.exit(main())
