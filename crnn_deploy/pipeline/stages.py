"""The stages of a run, each with a cached result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from crnn_deploy.artifact import Artifact, open_artifact, read_spec
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.checkpoints.spec_file import read_fields
from crnn_deploy.engine.build_engine import BuiltEngine, build_engine
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import json_text
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.evaluation.keeping import keep_evaluation, kept_evaluation
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.export.export import export
from crnn_deploy.files import locate, require_file, write_text
from crnn_deploy.language.add import add_language
from crnn_deploy.onnx_graph.external_data import model_sha256
from crnn_deploy.pipeline.dependencies import depends_on, module_code, speed_depends_on
from crnn_deploy.pipeline.engine_tools import EngineTools, gpu_name
from crnn_deploy.pipeline.isolated_benchmark import isolated_benchmark
from crnn_deploy.pipeline.recipe import ModelChoice, Recipe
from crnn_deploy.pipeline.sources import RunSources
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.quantize import Quantized, quantize
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.training.config import TrainingOptions
from crnn_deploy.training.distill import distill
from crnn_deploy.training.train import train
from crnn_deploy.training.train_config import TrainOptions

R = TypeVar("R", bound=BaseModel)
_RECORD = "record.json"


class Stages:
    """Runs the stages of one recipe over one cache.

    Args:
        trust_module: the Python files that the recipe and its artifacts name may be run.
    """

    def __init__(
        self, recipe: Recipe, sources: RunSources, cache: StageCache, progress: Progress, trust_module: bool = False
    ) -> None:
        self.recipe = recipe
        self.sources = sources
        self.cache = cache
        self.progress = progress
        self.trust_module = trust_module

    def import_baseline(self) -> Artifact:
        """The model that results are held against."""
        return self._model("baseline", self.recipe.baseline)

    def import_teachers(self, baseline: Artifact) -> list[Artifact]:
        """The models that teach, as ONNX: the recipe's teachers, or the baseline where it names none."""
        if not self.recipe.teachers:
            return [baseline]
        return [self.export("teacher", self._model("teacher", choice)) for choice in self.recipe.teachers]

    def _model(self, role: str, choice: ModelChoice) -> Artifact:
        if choice.train is not None:
            return self._train(role, choice.train)
        assert choice.checkpoint is not None, "a choice is one of the two"
        return self._import(role, choice, locate(choice.checkpoint))

    def _train(self, role: str, options: TrainOptions) -> Artifact:
        """A network that is trained on the labels of the run."""
        name = f"{role}.safetensors"

        def work(folder: Path) -> None:
            train(options.with_images(self.sources.training_images(folder / name)), self.progress)

        depends = self._training_depends(options)
        return self.cache.result("train", role, depends, work, lambda folder: open_artifact(folder / name))

    def _import(self, role: str, choice: ModelChoice, checkpoint: Path) -> Artifact:
        """A checkpoint as an artifact: `.safetensors`, or `.onnx` if the checkpoint is ONNX."""
        require_file(checkpoint)
        if choice.module and not self.trust_module:
            raise InputError(
                f"The recipe names Python code: {choice.module}. It was not run.",
                "A recipe may come from a stranger, and this file would run with your rights.",
                "Read the file. If you trust it, repeat the command with --trust-module.",
            )
        if checkpoint.suffix in (".safetensors", ".onnx") and read_spec(checkpoint) is not None:
            return open_artifact(checkpoint)  # imported before
        name = f"{role}{'.onnx' if checkpoint.suffix == '.onnx' else '.safetensors'}"
        depends = {
            "checkpoint": model_sha256(checkpoint),
            "module": module_code(choice.module) if choice.module else None,
            "spec": read_fields(choice.spec) if choice.spec else None,  # with the charset of a charset_file
        }

        def work(folder: Path) -> None:
            config = ImportConfig(
                checkpoint=checkpoint, module=choice.module, spec=choice.spec, output=folder / name, force=True
            )
            import_checkpoint(config, self.progress)

        return self.cache.result("import", role, depends, work, lambda folder: open_artifact(folder / name))

    def export(self, role: str, model: Artifact) -> Artifact:
        """`model` as `ROLE.onnx`, with its parity checked on real lines too; an ONNX artifact is returned as it is."""
        if model.format == "onnx":
            return model
        data, options, name = self.sources.calibration, self.recipe.export, f"{role}.onnx"

        def work(folder: Path) -> None:
            config = options.with_paths(model.path, folder / name, data.location, True, self.trust_module)
            export(config, self.progress)

        depends = depends_on(model, data, options)
        return self.cache.result("export", role, depends, work, lambda folder: open_artifact(folder / name))

    def distill(self, teachers: list[Artifact]) -> Artifact:
        """The student. Its teachers are ONNX models: on a CPU these run more than twice as fast as PyTorch."""
        options, name = self.recipe.distill, "student.safetensors"
        depends = {"teachers": [teacher.sha256 for teacher in teachers], **self._training_depends(options)}

        def work(folder: Path) -> None:
            paths = tuple(teacher.path for teacher in teachers)
            distill(options.with_images(self.sources.training_images(folder / name), paths), self.progress)

        return self.cache.result("distill", "", depends, work, lambda folder: open_artifact(folder / name))

    def language(self, student: Artifact) -> Artifact:
        """The student with a language model of the training labels; as it is where the recipe asks for none."""
        data, options, name = self.sources.train, self.recipe.language, "student.safetensors"
        if options is None:
            return student

        def work(folder: Path) -> None:
            add_language(options.with_paths(student.path, folder / name, data.location, force=True), self.progress)

        depends = depends_on(student, data, options)
        return self.cache.result("language", "", depends, work, lambda folder: open_artifact(folder / name))

    def _training_depends(self, options: TrainingOptions) -> dict[str, Any]:
        """What a training depends on, besides its teachers."""
        sources = self.sources
        return {
            "train": sources.train.fingerprint,
            "extra": [each.fingerprint for each in sources.extra],
            "validation": sources.validation.fingerprint if sources.validation else None,
            "options": options.model_dump(mode="json", exclude={"warm_start", "log", "workers"}),
            "warm_start": model_sha256(locate(options.warm_start)) if options.warm_start else None,
        }

    def quantize(self, role: str, model: Artifact, for_tensorrt: bool = False) -> Quantized:
        """`model` in INT8, calibrated on the recipe's calibration images, and the record of the quantization.

        The file is `ROLE.int8.onnx`, or `ROLE.tensorrt.int8.onnx` if engines are built from it.

        Raises:
            RejectedError: if INT8 costs too much accuracy or is not faster.
        """
        data, options = self.sources.calibration, self.recipe.quantize
        if for_tensorrt:
            options = options.model_copy(update={"target": "tensorrt"})
        name = f"{role}{'.tensorrt' if for_tensorrt else ''}.int8.onnx"
        depends = depends_on(model, data, options)
        if options.target != "tensorrt":
            depends |= speed_depends_on()  # layers run in INT8 where that is faster

        def work(folder: Path) -> None:
            config = options.with_paths(model.path, folder / name, data.location, force=True)
            _write(folder / _RECORD, quantize(config, self.progress).record)

        def read(folder: Path) -> Quantized:
            return Quantized(open_artifact(folder / name), _read(folder / _RECORD, QuantizationRecord))

        return self.cache.result("quantize", "tensorrt" if for_tensorrt else "", depends, work, read)

    def build_engine(self, role: str, model: Artifact, precision: Precision, tools: EngineTools) -> BuiltEngine:
        """`model` as `ROLE.PRECISION.engine`, with its graph compared on the recipe's calibration images."""
        engines = self.recipe.engines
        assert engines is not None  # a recipe without engines builds none
        data, name = self.sources.calibration, f"{role}.{precision}.engine"
        options = engines.options(precision).model_copy(update={"flavor": tools.flavor, "targets": tools.targets})
        depends = {**depends_on(model, data, options), "tools": tools.model_dump(mode="json")}

        def work(folder: Path) -> None:
            config = options.with_paths(model.path, folder / name, data.location, force=True)
            _write(folder / _RECORD, build_engine(config, self.progress).record)

        def read(folder: Path) -> BuiltEngine:
            return BuiltEngine(open_artifact(folder / name), _read(folder / _RECORD, EngineRecord))

        return self.cache.result("build-engine", precision, depends, work, read)

    def evaluate(self, name: str, model: Artifact) -> Evaluation:
        """Accuracy of one variant on the evaluation images."""
        data, options = self.sources.evaluation, self.recipe.evaluate
        depends = depends_on(model, data, options)
        if model.format == "engine":
            depends |= {"gpu": gpu_name()}

        def work(folder: Path) -> None:
            config = options.with_paths(model.path, data.location, self.trust_module)
            keep_evaluation(evaluate(config, self.progress), folder)

        return self.cache.result("evaluate", name, depends, work, kept_evaluation)

    def benchmark(self, models: list[Artifact]) -> Benchmark:
        """Latency of all variants, interleaved in one process of their own on this machine."""
        data, options, file = self.sources.evaluation, self.recipe.benchmark, "benchmark.json"
        depends = {
            "models": [model.sha256 for model in models],
            "data": data.fingerprint,
            "options": options.model_dump(mode="json"),
            **speed_depends_on(),
        }
        if any(model.format == "engine" for model in models):
            depends |= {"gpu": gpu_name()}

        def work(folder: Path) -> None:
            config = options.with_paths(tuple(model.path for model in models), data.location, self.trust_module)
            _write(folder / file, isolated_benchmark(config, self.progress))

        return self.cache.result("benchmark", "", depends, work, lambda folder: _read(folder / file, Benchmark))


def _write(path: Path, record: BaseModel) -> None:
    write_text(path, json_text(record.model_dump(mode="json")))  # names of files need not be UTF-8


def _read(path: Path, kind: type[R]) -> R:
    return kind.model_validate(json.loads(path.read_text(encoding="utf-8")))
