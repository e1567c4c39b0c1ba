"""The recipe: all settings of a run, as validated data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from crnn_deploy.benchmark.config import BenchmarkOptions
from crnn_deploy.config import Frozen, as_tuple
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.engine.config import BuildOptions, EngineOptions
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.export.config import ExportOptions
from crnn_deploy.joining.config import JoinOptions
from crnn_deploy.language.config import LanguageOptions
from crnn_deploy.limits import MAX_VARIABLES
from crnn_deploy.pipeline.shipped_recipes import find_recipe
from crnn_deploy.quantization.config import QuantizeOptions
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.text_formats import parse_yaml, read_yaml
from crnn_deploy.training.config import DistillOptions
from crnn_deploy.training.train_config import TrainOptions
from crnn_deploy.validation import parse

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class ImageChoice(Frozen):
    """Where images come from: a path, or lines that the run renders itself. A plain string is a path."""

    path: str | None = Field(default=None, description="Any source.", examples=["DATA/train.tar"])
    render: RenderOptions | None = Field(default=None, description="Lines that the run renders.")

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_them(self) -> ImageChoice:
        _, *made = names = list(type(self).model_fields)
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError(f"give a path, or {' or '.join(f'`{name}`' for name in made)} with its options")
        return self


class MoreImages(ImageChoice):
    """Where more training images come from: a path, lines to render, or lines joined of parts of `train`."""

    join: JoinOptions | None = Field(default=None, description="Lines that the run joins of parts of those of `train`.")


class ModelChoice(Frozen):
    """A model: what `import` takes, an artifact, or a network that the run trains on the labels of `sources.train`."""

    checkpoint: str | None = Field(
        default=None, description="A path, or package:NAME/FILE in an installed package.", examples=["english_g2.pth"]
    )
    train: TrainOptions | None = Field(default=None, description="The network that the run trains, and how.")
    module: str | None = Field(default=None, description="As of import --module.", examples=["my.py:Crnn"])
    spec: Path | None = Field(default=None, description="As of import --spec.", examples=["my.yaml"])

    @model_validator(mode="after")
    def _one_of_them(self) -> ModelChoice:
        if (self.checkpoint is None) == (self.train is None):
            raise ValueError("give a checkpoint, or `train` with its options")
        if self.train is not None and (self.module or self.spec):
            raise ValueError("module and spec belong to a checkpoint, not to a network that the run trains")
        return self


class Sources(Frozen):
    """Images for each purpose: a path, or lines to render. None of the others may share images with `evaluation`."""

    train: ImageChoice = Field(description="Training images.")
    extra: Annotated[tuple[MoreImages, ...], BeforeValidator(as_tuple)] = Field(
        default=(), description="More training images, of which none is held out: one entry, or a list."
    )
    validation: ImageChoice | None = Field(default=None, description="Validation images; absent: a part of `train`.")
    calibration: ImageChoice | None = Field(
        default=None, description="Images to calibrate INT8 on; absent: a sample of `train`."
    )
    evaluation: ImageChoice = Field(description="Labelled images that decide whether a model ships.")


def _each_once(precisions: tuple[Precision, ...]) -> tuple[Precision, ...]:
    if len(set(precisions)) < len(precisions):
        raise ValueError("a precision is named twice")
    return precisions


class Engines(BuildOptions):
    """Engines of the student, one for each of `precisions`, with the other options of `build-engine`."""

    precisions: Annotated[tuple[Precision, ...], AfterValidator(_each_once)] = Field(
        default=("fp16",), min_length=1, description="Precisions: fp32, fp16, int8."
    )
    required: bool = Field(
        default=False,
        description="Fail where they cannot be built; otherwise they are left out, with a note in the report.",
    )

    @property
    def must_be_built(self) -> bool:
        """Whether a run fails without them: if they are required, or the recipe names a TensorRT or GPUs."""
        return self.required or bool(self.targets) or self.flavor != "auto"

    def options(self, precision: Precision) -> EngineOptions:
        """The options of the engine in one of the precisions."""
        return EngineOptions(**self.model_dump(include=set(BuildOptions.model_fields)), precision=precision)


class Budget(Frozen):
    """Limits that a student must keep. The error is the case-insensitive CER or 1 - top-1, a fraction."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "max_rise": "max_error_rise",
        "max_quantization_rise": "max_error_rise_over_parent",
    }

    max_error: float | None = Field(default=None, ge=0, description="Highest error on the evaluation images.")
    max_error_rise: float | None = Field(
        default=None, ge=0, description="Highest rise over the baseline: upper end of the paired 95 % interval."
    )
    max_error_rise_over_parent: float = Field(
        default=0.003, ge=0, description="The same for INT8 models and engines, over their FP32 parent."
    )
    min_speedup: float = Field(
        default=1.0,
        gt=0,
        description="Least speed-up of the INT8 student over the baseline: ONNX Runtime, one thread, batch 1.",
    )


class Recipe(Frozen):
    """One pipeline from a checkpoint to a report."""

    RENAMED: ClassVar[Mapping[str, str]] = {"teacher": "baseline", "tutors": "teachers"}

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Name of the run, and of its folder below runs/."
    )
    title: str = Field(description="Title of the report.")
    variables: dict[str, str] = Field(default_factory=dict, description="Values that replace ${name} in the recipe.")
    baseline: ModelChoice = Field(description="The model that results are held against.")
    teachers: tuple[ModelChoice, ...] = Field(
        default=(), description="Models that teach the student; absent: the baseline."
    )
    sources: Sources = Field(description="Images for each purpose.")
    distill: DistillOptions = Field(default=DistillOptions(), description="The student and its training.")
    language: LanguageOptions | None = Field(
        default=None,
        description="A language model of the labels of `sources.train`, for the beam decoder; absent: none.",
    )
    export: ExportOptions = Field(default=ExportOptions(), description="Export to ONNX.")
    quantize: QuantizeOptions = Field(default=QuantizeOptions(), description="Quantization of the student.")
    engines: Engines | None = Field(default=None, description="TensorRT engines of the student; absent: none.")
    evaluate: EvaluateOptions = Field(default=EvaluateOptions(), description="Evaluation of each variant.")
    benchmark: BenchmarkOptions = Field(default=BenchmarkOptions(), description="Benchmark of all variants.")
    budget: Budget = Field(description="What a variant must keep to pass its gate.")


def load_recipe(path: Path, settings: tuple[str, ...] = ()) -> Recipe:
    """Read a recipe and apply `key=value` settings.

    A key is a variable (`data`), a key of the recipe (`title`), or a dotted path such as `distill.epochs`. `path` may
    also be the name of a recipe of the package, such as `quickstart`.

    Raises:
        InputError: if the file is no recipe, a key is unknown or a variable is not defined.
    """
    path = find_recipe(path)
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise InputError(f"{path} is not a recipe: expected keys and values.")
    variables = data.get("variables") or {}
    if not isinstance(variables, dict):
        raise InputError(f"{path}: 'variables' must be names and values.")
    uses = _VARIABLE.findall(path.read_text(encoding="utf-8"))
    for setting in settings:
        _apply(data, variables, set(uses), setting)
    if len(uses) * max((len(str(value)) for value in variables.values()), default=0) > MAX_VARIABLES:
        raise InputError(f"The variables of {path} make it too long.", fix="Shorten their values.")
    filled = _fill({**data, "variables": {}}, variables, path)
    return parse(Recipe, {**filled, "variables": {name: str(value) for name, value in variables.items()}}, str(path))


def _apply(data: dict[str, Any], variables: dict[str, Any], used: set[str], setting: str) -> None:
    """Set one `key=value` in the recipe or its variables; the value of a recipe's key is read as YAML."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise InputError(f"--set {setting} is not key=value.", fix="For example --set distill.epochs=30")
    if key in variables or key in used:
        variables[key] = text
        return
    *parents, last = key.split(".")
    node: Any = data
    for part in parents:
        if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            node = node[int(part)]  # of several, numbered from 0
        else:
            node = node.setdefault(part, {}) if isinstance(node, dict) else None
        if not isinstance(node, (dict, list)):
            raise InputError(f"--set {setting}: '{part}' has no keys below it.")
    if not isinstance(node, dict):
        raise InputError(f"--set {setting}: '{parents[-1]}' is a list.", fix=f"For example {parents[-1]}.0.{last}=…")
    node[last] = parse_yaml(text, f"The value of --set {setting}")


def _fill(value: Any, variables: dict[str, Any], path: Path) -> Any:
    """`value` with every ${name} replaced."""
    if isinstance(value, dict):
        return {key: _fill(item, variables, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, variables, path) for item in value]
    if not isinstance(value, str):
        return value

    def lookup(match: re.Match[str]) -> str:
        if variables.get(match[1]) is None:
            raise InputError(f"{path} needs the variable '{match[1]}'.", fix=f"Add --set {match[1]}=VALUE")
        return str(variables[match[1]])

    return _VARIABLE.sub(lookup, value)
