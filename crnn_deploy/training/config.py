"""Options of training for the command line, recipes and the Python API."""

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
    """How a network is trained: on labels, on the answers of teachers, or on both."""

    epochs: int = Field(default=15, gt=0)
    batch_size: int = Field(default=24, gt=0, description="images of a step, in all processes together")
    learning_rate: float = Field(default=2.5e-3, gt=0, description="peak of the cosine schedule")
    weight_decay: float = Field(default=1e-2, ge=0)
    warmup: float = Field(default=0.1, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    clip_norm: float = Field(default=1.0, gt=0)
    ema_decay: float = Field(default=0.998, ge=0, lt=1)
    augmentation: float = Field(default=1.0, ge=0, le=2, description="strength of the distortion; 0 turns it off")
    losses: tuple[LossOptions, ...] = Field(default=(), description="absent: losses that suit most trainings")
    warm_start: Path | None = Field(
        default=None, description="artifact whose weights the training starts from, also as package:NAME/FILE"
    )
    soup: int = Field(
        default=1, gt=0, le=16, description="number of trainings from one warm start, the weights of which are averaged"
    )
    early_stop: int | None = Field(default=None, gt=0, description="stop after so many epochs without a lower error")
    skip_bad: bool = Field(default=False, description="leave out broken images instead of stopping")
    validation_share: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="share of the training images that is held out if there are no validation images",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="auto: BF16 if the processor or GPU has it"
    )
    seed: int = Field(default=0, ge=0, lt=1 << 32)
    log: tuple[LogKind, ...] = Field(default=(), description="logs beside the output: csv, tensorboard")

    @field_validator("losses")
    @classmethod
    def _one_stays(cls, losses: tuple[LossOptions, ...]) -> tuple[LossOptions, ...]:
        lasting = [loss for loss in losses if loss.until is None or loss.until == 1]
        if losses and not lasting:
            raise ValueError("all losses fade before the end: leave 'until' out of one of them")
        if losses and all(loss.kind == "features" for loss in lasting):
            raise ValueError("'features' alone does not train the head: add another loss that stays to the end")
        return losses

    @model_validator(mode="after")
    def _begin_alike(self) -> TrainingOptions:
        if self.soup > 1 and self.warm_start is None:
            raise ValueError(
                "only networks that start from the same weights can be averaged: a soup needs a warm start"
            )
        return self


class QatOptions(Frozen):
    """Quantization-aware epochs at the end, for a student whose error rises too far in INT8.

    A whole number stands for the epochs alone.
    """

    epochs: int = Field(default=2, gt=0)
    learning_rate: float = Field(default=5e-5, gt=0, description="higher rates change the weights too much")

    @model_validator(mode="before")
    @classmethod
    def _from_epochs(cls, value: object) -> object:
        return {"epochs": value} if isinstance(value, int) and not isinstance(value, bool) else value


class DistillOptions(TrainingOptions):
    """Which student, and how it is trained."""

    student: StudentChoice = StudentChoice()
    charset: Charset | None = Field(
        default=None, description="characters of the student; absent: those of the first teacher"
    )
    channels: Literal["L", "RGB", "BGR"] | None = Field(default=None, description="absent: those of the first teacher")
    labels: bool = Field(default=True, description="false: the labels of `data` are not read")
    confidence: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="least confidence of readings that replace missing labels; other images are left out",
    )
    beam_width: int | None = Field(
        default=None, gt=0, description="beam width for the teachers' readings; absent: greedy decoding"
    )
    qat: QatOptions | None = Field(default=None, description="absent: no quantization-aware epochs")

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
    """Where the images are, and where the result is written."""

    data: str
    extra: str | None = Field(default=None, description="more training images, none of which is held out")
    validation: str | None = Field(default=None, description="validation images; absent: a part of `data` is held out")
    output: Path
    force: bool = False

    def shaping(self) -> dict[str, Any]:
        """The options that the result depends on, without paths, for the lineage."""
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
    """Which network is trained on labels, and how."""

    RENAMED: ClassVar[Mapping[str, str]] = {"architecture": "model"}

    model: NetworkChoice = CrnnChoice()
    charset: Charset | None = Field(default=None, description="absent: all characters that occur in the labels")
    channels: Literal["L", "RGB"] = "L"


class TrainConfig(TrainOptions, TrainingImages):
    """One training from scratch, on labels."""
