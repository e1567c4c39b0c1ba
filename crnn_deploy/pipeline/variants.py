"""The stages of a run that make models, from the baseline to the engines of the student."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crnn_deploy.artifact import Artifact
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.inspection.measure import measure
from crnn_deploy.language.add import require_texts
from crnn_deploy.models.student import student_spec
from crnn_deploy.pipeline.engine_tools import EngineTools, check_profiles
from crnn_deploy.pipeline.stage_cache import NotMadeError
from crnn_deploy.pipeline.stages import Stages
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.quantize import Quantized, RejectedError
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.report.run.variant import ModelStage, Variant
from crnn_deploy.runtime.tensorrt.names import Precision


@dataclass(frozen=True)
class StageResults:
    """The models of a run, and those that were rejected or left out.

    Args:
        variants: the baseline first, then in the order of the stages.
        companions: files that ship besides the variants, by name, such as the weights of the student.
        quantized: every result of a quantization, rejected ones too.
        refused: variants that a stage rejected, and why.
        left_out: sentences about models that this machine cannot build.
    """

    variants: tuple[Variant, ...]
    companions: Mapping[str, Artifact]
    quantized: tuple[Quantized, ...]
    refused: Mapping[str, GateError]
    left_out: tuple[str, ...]


class VariantMaker:
    """Makes the baseline, the student, the student in INT8, and its engines.

    Args:
        tools: with what engines are built, or why they can't be; None where the recipe asks for none.
    """

    def __init__(self, stages: Stages, tools: EngineTools | InputError | None, progress: Progress) -> None:
        self._stages = stages
        self._tools = tools
        self._progress = progress
        self._variants: list[Variant] = []
        self._companions: dict[str, Artifact] = {}
        self._quantized: list[Quantized] = []
        self._refused: dict[str, GateError] = {}
        self._left_out: list[str] = []

    def make(self) -> StageResults:
        """Run the stages.

        Raises:
            InputError: if the checkpoint or the data can't be used, or required engines can't be built here.
            GateError: if there is no student to go on with.
        """
        baseline = self._stages.import_baseline()
        self._check_profiles(baseline)
        self._check_language()
        baseline_onnx = self._stages.export("baseline", baseline)
        weights = self._stages.language(self._stages.distill(self._stages.import_teachers(baseline_onnx)))
        student = self._stages.export("student", weights)
        made_by: ModelStage = "import" if self._stages.recipe.baseline.train is None else "train"
        self._variants.append(new_variant("baseline", made_by, None, baseline))
        if baseline_onnx is not baseline:
            self._variants.append(new_variant("baseline-onnx", "export", "baseline", baseline_onnx))
        self._variants.append(new_variant("student", "distill", "baseline", student))
        self._companions["student-weights"] = weights
        self._quantize(student)
        self._build_engines(student)
        return StageResults(
            variants=tuple(self._variants),
            companions=self._companions,
            quantized=tuple(self._quantized),
            refused=self._refused,
            left_out=tuple(self._left_out),
        )

    def _check_profiles(self, baseline: Artifact) -> None:
        """Fail before the training if an engine's profile does not suit the student."""
        recipe = self._stages.recipe
        if recipe.engines is not None:
            spec = student_spec("student", recipe.distill.student, baseline.spec)
            check_profiles(recipe.engines, spec.preprocessing)

    def _check_language(self) -> None:
        """Fail before the training if there are no texts for a language model."""
        if self._stages.recipe.language is not None:
            require_texts(self._stages.sources.train.source)

    def _quantize(self, student: Artifact) -> None:
        try:
            int8 = self._quantized_from(student)
        except (RejectedError, NotMadeError) as error:  # the FP32 student is still worth a report
            self._refused["student-int8"] = error
            return
        self._variants.append(new_variant("student-int8", "quantize", "student", int8.artifact, int8.record))

    def _quantized_from(self, student: Artifact, for_tensorrt: bool = False) -> Quantized:
        try:
            quantized = self._stages.quantize("student", student, for_tensorrt)
        except RejectedError as error:
            self._quantized.append(error.quantized)
            raise
        self._quantized.append(quantized)
        return quantized

    def _build_engines(self, student: Artifact) -> None:
        """One engine for each precision; if one can't be built, the others are."""
        engines = self._stages.recipe.engines
        if isinstance(self._tools, InputError):
            self._leave_out("No engine was built", self._tools)
        if engines is None or not isinstance(self._tools, EngineTools):
            return
        for precision in engines.precisions:
            name = f"engine-{precision}"
            try:
                self._variants.append(self._engine(name, precision, self._tools, student))
            except GateError as error:
                self._refused[name] = error
            except InputError as error:
                if engines.must_be_built:
                    raise
                self._leave_out(f"{name} was not built", error)

    def _engine(self, name: str, precision: Precision, tools: EngineTools, student: Artifact) -> Variant:
        quantized = self._quantized_from(student, for_tensorrt=True) if precision == "int8" else None
        model = student
        if quantized is not None:
            model = self._companions["student-tensorrt-int8"] = quantized.artifact
        built = self._stages.build_engine("student", model, precision, tools)
        record = quantized.record if quantized else None
        return new_variant(name, "build-engine", "student", built.artifact, record, built.record)

    def _leave_out(self, what: str, error: InputError) -> None:
        message = f"{what}. {error.sentences}"
        self._progress.log(message)
        self._left_out.append(message)


def new_variant(
    name: str,
    stage: ModelStage,
    parent: str | None,
    artifact: Artifact,
    quantization: QuantizationRecord | None = None,
    engine: EngineRecord | None = None,
) -> Variant:
    """A variant with the facts of its file: size, parameters, multiply-accumulates and precision."""
    facts = measure(artifact)
    return Variant(
        name=name,
        path=artifact.path,
        format=artifact.format,
        precision=facts.precision,
        size_bytes=artifact.size_bytes,
        parameters=facts.parameters,
        macs=facts.macs,
        stage=stage,
        parent=parent,
        quantization=quantization,
        engine=engine,
    )
