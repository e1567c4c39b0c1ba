"""Options of training, as the command line, the recipe and the Python API share them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from crnn_deploy.config import Frozen
from crnn_deploy.models.config import CrnnChoice, NetworkChoice, StudentChoice
from crnn_deploy.spec import Charset
from crnn_deploy.students.config import StudentBudget
from crnn_deploy.training.logs import LogKind
from crnn_deploy.training.losses.options import LossOptions

_PATHS = {"teachers", "data", "extra", "validation", "output", "force", "warm_start", "log"}


class TrainingOptions(Frozen):
    """How a network is trained, whoever teaches it."""

    epochs: int = Field(default=15, gt=0)
    batch_size: int = Field(default=24, gt=0, description="images a step, over all processes")
    learning_rate: float = Field(default=2.5e-3, gt=0, description="peak of the cosine schedule")
    weight_decay: float = Field(default=1e-2, ge=0)
    warmup: float = Field(default=0.1, ge=0, lt=1, description="share of the steps in which the rate rises")
    clip_norm: float = Field(default=1.0, gt=0)
    ema_decay: float = Field(default=0.998, ge=0, lt=1)
    augmentation: float = Field(default=1.0, ge=0, le=2, description="strength; 0 turns it off")
    losses: tuple[LossOptions, ...] = Field(default=(), description="what is learned from; absent: what suits most")
    warm_start: Path | None = Field(
        default=None, description="artifact whose weights the training starts from; package:NAME/FILE works too"
    )
    soup: int = Field(
        default=1, gt=0, le=16, description="trainings from the same warm start whose weights are averaged"
    )
    early_stop: int | None = Field(default=None, gt=0, description="end after so many epochs without a better one")
    skip_bad: bool = Field(default=False, description="leave broken images out instead of stopping")
    validation_share: float = Field(default=0.05, gt=0, lt=1, description="held out where no validation set is given")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="auto: BF16 where the processor or GPU has it"
    )
    seed: int = Field(default=0, ge=0, lt=1 << 32)
    log: tuple[LogKind, ...] = Field(default=(), description="files beside the output: csv, tensorboard")

    @field_validator("losses")
    @classmethod
    def _one_stays(cls, losses: tuple[LossOptions, ...]) -> tuple[LossOptions, ...]:
        lasting = [loss for loss in losses if loss.until is None or loss.until == 1]
        if losses and not lasting:
            raise ValueError("all losses fade before the end: leave 'until' out of one")
        if losses and all(loss.kind == "features" for loss in lasting):
            raise ValueError("'features' alone teaches the head nothing: keep another loss beside it to the end")
        return losses

    @model_validator(mode="after")
    def _begin_alike(self) -> TrainingOptions:
        if self.soup > 1 and self.warm_start is None:
            raise ValueError("only networks that begin alike can be averaged: a soup needs a warm start")
        return self


class QatOptions(Frozen):
    """Quantization-aware epochs at the end, for a student that loses too much in INT8: fields, or the epochs alone."""

    epochs: int = Field(default=2, gt=0)
    learning_rate: float = Field(default=5e-5, gt=0, description="higher rates change the weights too much")

    @model_validator(mode="before")
    @classmethod
    def _from_epochs(cls, value: object) -> object:
        return {"epochs": value} if isinstance(value, int) and not isinstance(value, bool) else value


class DistillOptions(TrainingOptions):
    """Which student, and how it is trained."""

    student: StudentChoice = StudentChoice()
    charset: Charset | None = Field(default=None, description="characters of the student; absent: those of the teacher")
    channels: Literal["L", "RGB", "BGR"] | None = Field(default=None, description="absent: those of the teacher")
    labels: bool = Field(default=True, description="false: those of the data are not read")
    confidence: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="of readings that stand for missing labels; images with others are left out",
    )
    beam_width: int | None = Field(default=None, gt=0, description="of the teachers' readings; absent: greedy")
    qat: QatOptions | None = Field(default=None, description="absent: none")

    def with_paths(
        self,
        teachers: tuple[Path, ...],
        data: str,
        output: Path,
        extra: str | None = None,
        validation: str | None = None,
        force: bool = False,
    ) -> DistillConfig:
        """These options for one distillation."""
        paths = TrainingImages(data=data, output=output, extra=extra, validation=validation, force=force)
        return DistillConfig(**dict(self), **dict(paths), teachers=teachers)


class TrainingImages(Frozen):
    """Where the images are and where the result goes."""

    data: str
    extra: str | None = Field(default=None, description="more training images, of which none is held out")
    validation: str | None = Field(default=None, description="absent: a part of `data` is held out")
    output: Path
    force: bool = False

    def shaping(self) -> dict[str, Any]:
        """The options that shape the result, without paths."""
        return self.model_dump(mode="json", exclude=_PATHS)


class DistillConfig(DistillOptions, TrainingImages, StudentBudget):
    """One distillation: from `teachers` to the student at `output`; the first teacher gives task and charset.

    With a budget the student is the largest one of the catalogue within it (see `crnn_deploy.students`).
    """

    teachers: tuple[Path, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _student_or_budget(self) -> DistillConfig:
        if self.has_limit and self.student.model_fields_set:
            raise ValueError(
                "a budget chooses the student's family and size itself: leave out the student with its width, hidden, "
                "layers and stride, or the budget"
            )
        return self

    def shaping(self) -> dict[str, Any]:
        unset = {name for name in StudentBudget.model_fields if getattr(self, name) is None}
        return {name: value for name, value in super().shaping().items() if name not in unset}


class TrainOptions(TrainingOptions):
    """Which network, and how it is trained on labels."""

    RENAMED: ClassVar[Mapping[str, str]] = {"architecture": "model"}

    model: NetworkChoice = CrnnChoice()
    charset: Charset | None = Field(default=None, description="absent: all characters of the labels")
    channels: Literal["L", "RGB"] = "L"


class TrainConfig(TrainOptions, TrainingImages):
    """One training from scratch, on labels."""
