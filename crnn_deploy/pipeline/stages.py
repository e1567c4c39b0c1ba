"""The stages of a run, each a function from what it depends on to its cached result."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.artifact import Artifact, open_artifact, read_spec, require_file
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.engine.build_engine import BuiltEngine, build_engine
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.environment import environment
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.files import locate, sha256_of, write_text
from crnn_deploy.native import kernel_level
from crnn_deploy.pipeline.engine_tools import EngineTools, engine_runs_on
from crnn_deploy.pipeline.isolated_benchmark import benchmark_apart
from crnn_deploy.pipeline.recipe import CheckpointChoice, Recipe
from crnn_deploy.pipeline.sources import RunSources
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import Quantized, quantize
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.distill import distill

_RECORD = "record.json"


class Stages:
    """Runs the stages of one recipe over one cache."""

    def __init__(self, recipe: Recipe, sources: RunSources, cache: StageCache, progress: Progress) -> None:
        self.recipe = recipe
        self.sources = sources
        self.cache = cache
        self.progress = progress

    def import_baseline(self) -> Artifact:
        """The model that results are held against."""
        return self._import("baseline", self.recipe.baseline)

    def import_teachers(self, baseline: Artifact) -> list[Artifact]:
        """The models that teach, as ONNX: the recipe's teachers, or the baseline where it names none."""
        if not self.recipe.teachers:
            return [baseline]
        return [self.export("teacher", self._import("teacher", choice)) for choice in self.recipe.teachers]

    def _import(self, role: str, choice: CheckpointChoice) -> Artifact:
        """A checkpoint as an artifact: `.safetensors`, or `.onnx` if the checkpoint is ONNX."""
        checkpoint = locate(choice.checkpoint)
        require_file(checkpoint)
        if checkpoint.suffix in (".safetensors", ".onnx") and read_spec(checkpoint) is not None:
            return open_artifact(checkpoint)  # imported before
        name = f"{role}{'.onnx' if checkpoint.suffix == '.onnx' else '.safetensors'}"
        depends = {
            "checkpoint": sha256_of(checkpoint),
            "module": choice.module,
            "spec": sha256_of(choice.spec) if choice.spec else None,
        }

        def work(folder: Path) -> None:
            config = ImportConfig(
                checkpoint=checkpoint, module=choice.module, spec=choice.spec, output=folder / name, force=True
            )
            import_checkpoint(config, self.progress)

        return open_artifact(self.cache.folder(f"import-{role}", depends, work) / name)

    def export(self, role: str, model: Artifact) -> Artifact:
        """`model` as `ROLE.onnx`, with parity checked on real lines too; an ONNX artifact is there already."""
        if model.format == "onnx":
            return model
        data = self.sources.calibration
        options = self.recipe.export
        depends = {"model": model.sha256, "data": data.fingerprint, "options": options.model_dump(mode="json")}
        name = f"{role}.onnx"

        def work(folder: Path) -> None:
            config = ExportConfig(
                **options.model_dump(), model=model.path, data=data.location, output=folder / name, force=True
            )
            export(config, self.progress)

        return open_artifact(self.cache.folder(f"export-{role}", depends, work) / name)

    def distill(self, teachers: list[Artifact]) -> Artifact:
        """The student. Its teachers are ONNX models: on a CPU these run more than twice as fast as PyTorch."""
        train, extra, validation = self.sources.train, self.sources.extra, self.sources.validation
        options = self.recipe.distill
        depends = {
            "teachers": [teacher.sha256 for teacher in teachers],
            "train": train.fingerprint,
            "extra": extra.fingerprint if extra else None,
            "validation": validation.fingerprint if validation else None,
            "options": options.model_dump(mode="json", exclude={"warm_start", "log"}),
            "warm_start": sha256_of(locate(options.warm_start)) if options.warm_start else None,
        }

        def work(folder: Path) -> None:
            config = DistillConfig(
                **options.model_dump(),
                teachers=tuple(teacher.path for teacher in teachers),
                data=train.location,
                extra=extra.location if extra else None,
                validation=validation.location if validation else None,
                output=folder / "student.safetensors",
                force=True,
            )
            distill(config, self.progress)

        return open_artifact(self.cache.folder("distill", depends, work) / "student.safetensors")

    def quantize(self, role: str, model: Artifact, for_tensorrt: bool = False) -> Quantized:
        """`model` in INT8, calibrated on the recipe's calibration images, and what led to it.

        It is `ROLE.int8.onnx`, or for engines to be built of `ROLE.tensorrt.int8.onnx`.
        """
        data = self.sources.calibration
        options = self.recipe.quantize
        if for_tensorrt:
            options = options.model_copy(update={"target": "tensorrt"})
        depends = {
            "model": model.sha256,
            "data": data.fingerprint,
            "options": options.model_dump(mode="json"),
            **(_speed_depends_on() if options.target == "cpu" else {}),  # layers run in INT8 where that is faster
        }
        name = f"{role}{'.tensorrt' if for_tensorrt else ''}.int8.onnx"

        def work(folder: Path) -> None:
            config = QuantizeConfig(
                **options.model_dump(), model=model.path, data=data.location, output=folder / name, force=True
            )
            made = quantize(config, self.progress)
            write_text(folder / _RECORD, made.record.model_dump_json(indent=1))

        folder = self.cache.folder("quantize-tensorrt" if for_tensorrt else "quantize", depends, work)
        record = QuantizationRecord.model_validate_json((folder / _RECORD).read_text(encoding="utf-8"))
        return Quantized(open_artifact(folder / name), record)

    def build_engine(self, role: str, model: Artifact, precision: Precision, tools: EngineTools) -> BuiltEngine:
        """`model` as `ROLE.PRECISION.engine`, whose graph is proved on the recipe's calibration images."""
        engines = self.recipe.engines
        assert engines is not None  # nobody else asks
        data = self.sources.calibration
        options = engines.options(precision).model_copy(update={"flavor": tools.flavor, "targets": tools.targets})
        depends = {
            "model": model.sha256,
            "data": data.fingerprint,
            "options": options.model_dump(mode="json"),
            "tools": tools.model_dump(mode="json"),
        }
        name = f"{role}.{precision}.engine"

        def work(folder: Path) -> None:
            config = EngineConfig(
                **options.model_dump(), model=model.path, data=data.location, output=folder / name, force=True
            )
            built = build_engine(config, self.progress)
            write_text(folder / _RECORD, built.record.model_dump_json(indent=1))

        folder = self.cache.folder(f"engine-{precision}", depends, work)
        record = EngineRecord.model_validate_json((folder / _RECORD).read_text(encoding="utf-8"))
        return BuiltEngine(open_artifact(folder / name), record)

    def evaluate(self, name: str, model: Artifact) -> Evaluation:
        """Accuracy of one variant on the evaluation images."""
        data = self.sources.evaluation
        options = self.recipe.evaluate
        depends = {"model": model.sha256, "data": data.fingerprint, "options": options.model_dump(mode="json")}
        if model.format == "engine":
            depends |= engine_runs_on()

        def work(folder: Path) -> None:
            config = EvaluateConfig(**options.model_dump(), artifact=model.path, data=data.location)
            write_text(folder / "evaluation.json", evaluate(config, self.progress).model_dump_json(indent=1))

        folder = self.cache.folder(f"evaluate-{name}", depends, work)
        return Evaluation.model_validate_json((folder / "evaluation.json").read_text(encoding="utf-8"))

    def benchmark(self, models: list[Artifact]) -> Benchmark:
        """Latency of all variants, interleaved in one process of their own on this machine."""
        data = self.sources.evaluation
        options = self.recipe.benchmark
        depends = {
            "models": [model.sha256 for model in models],
            "data": data.fingerprint,
            "options": options.model_dump(mode="json"),
            **_speed_depends_on(),
        }
        if any(model.format == "engine" for model in models):
            depends |= engine_runs_on()

        def work(folder: Path) -> None:
            config = BenchmarkConfig(
                **options.model_dump(), artifacts=tuple(model.path for model in models), data=data.location
            )
            write_text(folder / "benchmark.json", benchmark_apart(config).model_dump_json(indent=1))

        folder = self.cache.folder("benchmark", depends, work)
        return Benchmark.model_validate_json((folder / "benchmark.json").read_text(encoding="utf-8"))


def _speed_depends_on() -> dict[str, str | None]:
    """What of this machine decides how fast a model runs."""
    return {"processor": environment().processor, "kernel": kernel_level()}
