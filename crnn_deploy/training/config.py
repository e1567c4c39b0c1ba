"""Options of training and distillation for the command line, recipes and the Python API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from crnn_deploy.config import (
    MODEL_SUFFIXES,
    SOURCE_KINDS,
    Argument,
    Force,
    Frozen,
    OneByOne,
    Option,
    OutputFile,
    SkipBad,
    SourceName,
    TrustModule,
    as_tuple,
)
from crnn_deploy.limits import MAX_HEIGHT
from crnn_deploy.models.config import DistilledChoice, StudentChoice
from crnn_deploy.students.config import StudentBudget
from crnn_deploy.training.logs import LogKind
from crnn_deploy.training.losses.options import LossOptions
from crnn_deploy.training.spec_options import Charset

_PATHS = {"teachers", "data", "extra", "validation", "output", "force", "warm_start", "log", "trust_module", "workers"}


class TrainingOptions(Frozen):
    """How a network is trained: on labels, on the answers of teachers, or on both."""

    epochs: int = Field(default=15, gt=0, description="Passes over the training images.")
    batch_size: int = Field(default=24, gt=0, description="Images in a step, over all processes.")
    learning_rate: float = Field(default=2.5e-3, gt=0, description="Peak of the cosine schedule.")
    weight_decay: float = Field(default=1e-2, ge=0, description="Weight decay of AdamW.")
    warmup: float = Field(
        default=0.1, ge=0, lt=1, description="Share of the steps in which the learning rate rises to its peak."
    )
    clip_norm: float = Field(default=1.0, gt=0, description="Largest norm of the gradients.")
    ema_decay: float = Field(default=0.998, ge=0, lt=1, description="Decay of the moving average of the weights.")
    augmentation: float = Field(default=1.0, ge=0, le=2, description="Strength of the augmentation; 0 turns it off.")
    flip: bool = Field(
        default=False, description="Mirror half of the pictures; not for symbols, which lose their meaning by it."
    )
    mixup: float = Field(
        default=0, ge=0, le=10, description="α of the shares in which pictures of a batch are blended; 0: none is."
    )
    cutmix: float = Field(
        default=0, ge=0, le=10, description="α of the shares in which pictures of a batch are pasted; 0: none is."
    )
    losses: Annotated[tuple[LossOptions, ...], Option(name="loss")] = Field(
        default=(),
        description="A loss; may be repeated. Without any, those that suit the labels and the teachers.",
        examples=["ctc", "frame-kl:until=0.5"],
    )
    warm_start: Annotated[Path | None, Option(metavar="ARTIFACT", suffixes=(".safetensors",))] = Field(
        default=None,
        description="Artifact whose weights the training starts from; package:NAME/FILE works too.",
        examples=["package:crnn_deploy/zoo/reader.safetensors"],
    )
    soup: int = Field(
        default=1, gt=0, le=16, description="Trainings from the same warm start whose weights are averaged."
    )
    early_stop: Annotated[int | None, Option(metavar="EPOCHS")] = Field(
        default=None, gt=0, description="Stop after this number of epochs without a better one.", examples=[5]
    )
    skip_bad: SkipBad = False
    validation_share: float = Field(
        default=0.05, gt=0, lt=1, description="Share of the images that is held out where no validation set is given."
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="Precision of the training. auto: BF16 where the processor or GPU has it."
    )
    seed: int = Field(default=0, ge=0, lt=1 << 32, description="Seed of weights, order and augmentation.")
    workers: int | None = Field(
        default=None,
        ge=0,
        le=256,
        description="Processes that prepare batches; without it none for a training on the CPU, and one for each core "
        "but one, at most 16, for a GPU.",
        examples=[8],
    )
    log: tuple[LogKind, ...] = Field(
        default=(), description="Write the curves to OUT.log/ in this format; may be repeated."
    )

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

    epochs: int = Field(default=2, gt=0, description="Extra epochs.")
    learning_rate: float = Field(
        default=5e-5, gt=0, description="Peak of the schedule; higher rates change the weights too much."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_epochs(cls, value: object) -> object:
        return {"epochs": value} if isinstance(value, (int, str)) and not isinstance(value, bool) else value


class DistillOptions(TrainingOptions):
    """Which student, and how it is trained."""

    student: Annotated[DistilledChoice, OneByOne(metavar="FAMILY[:KEY=VALUE,…]")] = Field(
        default=StudentChoice(), description="Family of the student."
    )
    charset: Annotated[Charset | None, Option(metavar="CHARACTERS", text=True)] = Field(
        default=None,
        description="Characters of the student; without it those of the first teacher.",
        examples=["0123456789"],
    )
    channels: Literal["L", "RGB", "BGR"] | None = Field(
        default=None, description="Colours that the student sees; without it those of the first teacher."
    )
    height: int | None = Field(
        default=None,
        gt=0,
        le=MAX_HEIGHT,
        description="Height of the pictures that the student of a classifier sees, which keep the teacher's shape; "
        "without it the teacher's.",
        examples=[32],
    )
    labels: bool = Field(default=True, description="Read the labels of --data.")
    confidence: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Least confidence of the first teacher's readings that replace missing labels.",
    )
    beam_width: int | None = Field(
        default=None, gt=0, description="Beam width for the teachers' readings; without it greedy.", examples=[8]
    )
    ask_share: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Share of the lines, all with labels, that teachers are asked for, where they are slow or the "
        "lines are many; the others count for the losses on labels alone. Without it they are asked for all.",
        examples=[0.2],
    )
    qat: Annotated[QatOptions | None, Option(metavar="EPOCHS", text=True)] = Field(
        default=None, description="Extra epochs of quantization-aware training.", examples=[2]
    )

    def with_images(self, images: TrainingImages, teachers: tuple[Path, ...]) -> DistillConfig:
        """These options for one distillation."""
        return DistillConfig(**dict(self), **dict(images), teachers=teachers)


class TrainingImages(Frozen):
    """Where the images are, and where the result is written."""

    data: SourceName = Field(description=f"Training images: {SOURCE_KINDS}.", examples=["train.tar"])
    extra: Annotated[tuple[SourceName, ...], BeforeValidator(as_tuple), Option(metavar="SOURCE")] = Field(
        default=(),
        description="More training images, of which none is held out, such as rendered lines; may be repeated.",
        examples=["rendered.tar"],
    )
    validation: Annotated[SourceName | None, Option(name="val", metavar="SOURCE")] = Field(
        default=None,
        description="Validation images; without them a part of the training images is held out.",
        examples=["val.tar"],
    )
    output: OutputFile
    force: Force = False

    def shaping(self) -> dict[str, Any]:
        """The options that the result depends on, without paths, for the lineage."""
        return self.model_dump(mode="json", exclude=_PATHS)


class DistillConfig(DistillOptions, TrainingImages, StudentBudget):
    """One distillation: from `teachers` to the student at `output`; the first teacher gives task and charset.

    With a budget the student is the largest one of the catalogue within it (see `crnn_deploy.students`).
    """

    teachers: Annotated[tuple[Path, ...], Argument(metavar="TEACHER", suffixes=MODEL_SUFFIXES)] = Field(
        min_length=1, description="Artifacts; the first one gives the task and the charset.", examples=["teacher.onnx"]
    )
    trust_module: TrustModule = False

    @model_validator(mode="after")
    def _student_or_budget(self) -> DistillConfig:
        if self.has_limit and self.student.model_fields_set:
            raise ValueError(
                "a budget chooses the student's family and size itself: leave out the student with its width, hidden, "
                "layers and stride, or the budget"
            )
        return self

    def shaping(self) -> dict[str, Any]:
        unset = {name for name in (*StudentBudget.model_fields, "height", "ask_share") if getattr(self, name) is None}
        return {name: value for name, value in super().shaping().items() if name not in unset}
