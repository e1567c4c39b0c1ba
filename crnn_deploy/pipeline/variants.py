"""What a run makes of its baseline: variants to hold against each other, and what a stage would not make."""

from __future__ import annotations

from dataclasses import dataclass, field

from crnn_deploy.artifact import Artifact
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.models.student import student_spec
from crnn_deploy.pipeline.engine_tools import EngineTools, check_profiles
from crnn_deploy.pipeline.recipe import Engines
from crnn_deploy.pipeline.stages import Stages
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.quantize import Quantized, RejectedError
from crnn_deploy.runtime.tensorrt.names import Precision

INT8 = "student.int8.onnx"
TENSORRT_INT8 = "student.tensorrt.int8.onnx"


def engine_file(precision: Precision) -> str:
    """Name of the file that an engine ships as."""
    return f"student.{precision}.engine"


@dataclass(frozen=True)
class Made:
    """A variant as its stage left it, the name of the file that ships, and what a stage told of its making.

    `quantized` is what an INT8 variant is, or what an INT8 engine was built from.
    """

    name: str
    stage: str
    parent: str | None
    artifact: Artifact
    file: str
    quantized: Quantized | None = None
    engine: EngineRecord | None = None


@dataclass
class Variants:
    """The variants, the files beside them by name, which variants a stage refused, and which were left out and why."""

    made: list[Made]
    beside: dict[str, tuple[Artifact, str]]
    refused: dict[str, GateError] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def quantized(self) -> list[Quantized]:
        """All that a quantization led to, rejected ones as well."""
        rejected = [error.quantized for error in self.refused.values() if isinstance(error, RejectedError)]
        return [*rejected, *(made.quantized for made in self.made if made.quantized is not None)]


def make_variants(stages: Stages, tools: EngineTools | InputError | None, progress: Progress) -> Variants:
    """The baseline, the student, the student in INT8, and its engines.

    Args:
        tools: what engines are built with, or why they are not.
    """
    baseline = stages.import_baseline()
    engines = stages.recipe.engines
    if engines is not None:
        student = student_spec("student", stages.recipe.distill.student, baseline.spec)
        check_profiles(engines, student.preprocessing)  # now, rather than behind the training
    baseline_onnx = stages.export("baseline", baseline)
    weights = stages.distill(stages.import_teachers(baseline_onnx))
    student_onnx = stages.export("student", weights)
    made = [Made("baseline", "import", None, baseline, f"baseline{baseline.path.suffix}")]
    if baseline_onnx is not baseline:
        made.append(Made("baseline-onnx", "export", "baseline", baseline_onnx, "baseline.onnx"))
    made.append(Made("student", "distill", "baseline", student_onnx, "student.onnx"))
    variants = Variants(made, {"student-weights": (weights, "student.safetensors")})
    try:
        int8 = stages.quantize("student", student_onnx)
        made.append(Made("student-int8", "quantize", "student", int8.artifact, INT8, int8))
    except RejectedError as error:  # the FP32 student is still worth a report
        variants.refused["student-int8"] = error
    if engines is not None:
        _add_engines(variants, stages, engines, tools, student_onnx, progress)
    return variants


def _add_engines(
    variants: Variants,
    stages: Stages,
    engines: Engines,
    tools: EngineTools | InputError | None,
    student: Artifact,
    progress: Progress,
) -> None:
    """One engine for each precision; what can't be built doesn't keep the others."""
    if isinstance(tools, InputError):
        _leave_out(variants, "No engine was built", tools, progress)
    if not isinstance(tools, EngineTools):
        return
    for precision in engines.precisions:
        name = f"engine-{precision}"
        try:
            variants.made.append(_engine(name, variants, stages, precision, tools, student))
        except GateError as error:
            variants.refused[name] = error
        except InputError as error:
            if engines.must_be_built:
                raise
            _leave_out(variants, f"{name} was not built", error, progress)


def _engine(
    name: str, variants: Variants, stages: Stages, precision: Precision, tools: EngineTools, student: Artifact
) -> Made:
    quantized = stages.quantize("student", student, for_tensorrt=True) if precision == "int8" else None
    model = student
    if quantized is not None:
        model = quantized.artifact
        variants.beside["student-tensorrt-int8"] = (model, TENSORRT_INT8)
    built = stages.build_engine("student", model, precision, tools)
    return Made(name, "build-engine", "student", built.artifact, engine_file(precision), quantized, built.record)


def _leave_out(variants: Variants, what: str, error: InputError, progress: Progress) -> None:
    told = " ".join(part for part in (f"{what}.", error.what, error.cause, error.fix) if part)
    progress.log(told)
    variants.left_out.append(told)
