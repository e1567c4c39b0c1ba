"""Engine builds that take no TensorRT: an engine is the ONNX file that it was built from."""

from __future__ import annotations

import importlib
import shutil
from dataclasses import dataclass, field
from typing import Any

from report.makers import engine_record

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.benchmark.benchmark import benchmark
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.benchmark.measured import Measured
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.benchmark.undisturbed import UndisturbedTime
from crnn_deploy.engine.build_engine import BuiltEngine
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.errors import CrnnDeployError, InputError
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.files import sha256_of, write_text
from crnn_deploy.pipeline import engine_tools, stages
from crnn_deploy.pipeline.engine_tools import EngineTools
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest, Gpu, write_manifest

TOOLS = EngineTools(flavor="tensorrt-rtx", version="1.7.1", targets=("sm86", "sm89"), plugin=None)
GPU = Gpu("Example GPU", "sm89")
RUN = importlib.import_module("crnn_deploy.pipeline.run")  # its package calls a function so


@dataclass
class Builder:
    """Stands in for `build_engine`; raises `failures` by precision."""

    failures: dict[str, CrnnDeployError] = field(default_factory=dict)
    orders: list[EngineConfig] = field(default_factory=list)

    def __call__(self, config: EngineConfig, progress: Progress = SILENT) -> BuiltEngine:
        self.orders.append(config)
        if config.precision in self.failures:
            raise self.failures[config.precision]
        parent = open_artifact(config.model)
        record = engine_record(precision=config.precision, log=f"{config.output}.log")
        shutil.copyfile(config.model, config.output)
        write_text(config.output.with_name(f"{config.output.name}.log"), "[INFO] built\n")
        write_manifest(config.output, parent.spec, _manifest(config, parent))
        return BuiltEngine(Artifact(config.output, parent.spec), record)


def install(monkeypatch: Any, builder: Builder, tools: EngineTools | InputError = TOOLS) -> None:
    """Build with `builder` and `tools`, or with none for the reason given; there is no GPU, and times are invented."""

    def find(_: object) -> EngineTools:
        if isinstance(tools, InputError):
            raise tools
        return tools

    monkeypatch.setattr(stages, "build_engine", builder)
    monkeypatch.setattr(RUN, "find_engine_tools", find)
    monkeypatch.setattr(engine_tools, "find_gpu", lambda: None)
    monkeypatch.setattr(stages, "isolated_benchmark", lambda config, _: _benchmark(config, {}))


def install_gpu(monkeypatch: Any, milliseconds: dict[str, float]) -> None:
    """A GPU that engines run on, as fast as told by precision; what they read is what the ONNX file reads."""
    monkeypatch.setattr(engine_tools, "find_gpu", lambda: GPU)
    monkeypatch.setattr(RUN, "why_not_run", lambda _: "")
    monkeypatch.setattr(stages, "evaluate", _evaluate)
    monkeypatch.setattr(stages, "isolated_benchmark", lambda config, _: _benchmark(config, milliseconds))


def _evaluate(config: EvaluateConfig, progress: Progress) -> Evaluation:
    if config.artifact.suffix == ".engine":
        onnx = config.artifact.with_suffix(".onnx")
        shutil.copyfile(config.artifact, onnx)
        config = config.model_copy(update={"artifact": onnx})
    return evaluate(config, progress)


def _benchmark(config: BenchmarkConfig, on_gpu: dict[str, float]) -> Benchmark:
    """Every model is faster than the one before it, however busy the machine; engines as fast as told."""
    models = tuple(path for path in config.artifacts if path.suffix != ".engine")
    found = benchmark(config.model_copy(update={"artifacts": models}))
    timed = [_taking(model, 10.0 / 2**position) for position, model in enumerate(found.variants)]
    for path in config.artifacts[len(models) :]:
        changes = {"runtime": "tensorrt-rtx", "device_ms": 0.01}
        engine = _taking(timed[len(models) - 1], on_gpu[path.name.split(".")[1]], **changes)
        timed.append(engine.model_copy(update={"path": path, "format": "engine"}))
    return found.model_copy(update={"variants": tuple(timed)})


def exactly(milliseconds: float) -> UndisturbedTime:
    """A time without any noise."""
    return UndisturbedTime(clock="wall", ms=milliseconds, spread=0.0, interrupted=None, parts_ms=(milliseconds,) * 5)


def _taking(model: Measured, milliseconds: float, **changes: Any) -> Measured:
    times = {**dict.fromkeys(("p50_ms", "p90_ms", "p99_ms"), milliseconds), "undisturbed": exactly(milliseconds)}
    rows = tuple(row.model_copy(update={**times, **changes}) for row in model.latency)
    return model.model_copy(update={"latency": rows})


def _manifest(config: EngineConfig, parent: Artifact) -> EngineManifest:
    return EngineManifest(
        flavor="tensorrt-rtx", version="1.7.1", precision=config.precision, compute_capabilities=config.targets,
        input_name="images", output_name="logits", profiles=(), engine_sha256=sha256_of(config.output),
        lowered_sha256="0", parent_sha256=parent.sha256, parameters=120, macs=3000, macs_input=(1, 1, 32, 100),
    )  # fmt: skip
