"""MobileNet-GRU students: a small backbone, bidirectional GRU layers and a linear head."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from crnn_deploy.models.mobilenet_v3 import MobileNetV3Features
from crnn_deploy.models.mobilenet_v4 import MobileNetV4Features
from crnn_deploy.spec import Architecture, Frozen, ModelSpec, Preprocessing
from crnn_deploy.validation import parse

StudentFamily = Literal["mobilenet-v3-gru", "mobilenet-v4-gru"]

_BACKBONES = {"mobilenet-v3-gru": MobileNetV3Features, "mobilenet-v4-gru": MobileNetV4Features}
_HEIGHT = 32
STRIDE = 4  # input pixels for each output frame


class StudentOptions(Frozen):
    """Size of a student: `width` scales the channels, `hidden` is the units of the GRU in each direction."""

    width: float = Field(default=1.0, gt=0, le=4)
    hidden: int = Field(default=96, gt=0, le=1024)
    layers: int = Field(default=1, gt=0, le=4)
    dropout: float = Field(default=0.1, ge=0, lt=1, description="before the head, in training only")


class Student(nn.Module):
    """`[N, C, 32, W]` → CTC logits `[N, W/4, K]`, or class logits `[N, K]` from the mean over time."""

    def __init__(self, family: str, options: StudentOptions, spec: ModelSpec) -> None:
        super().__init__()
        self.backbone = _BACKBONES[family](spec.preprocessing.channel_count, options.width)
        self.rnn = nn.GRU(self.backbone.features, options.hidden, options.layers, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(2 * options.hidden, spec.num_outputs)
        self.pool = spec.task == "classify"

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(self.backbone(x))
        logits: Tensor = self.head(self.dropout(y.mean(1) if self.pool else y))
        return logits


def build_student(spec: ModelSpec) -> nn.Module:
    """The student that `spec.architecture` describes, with fresh weights."""
    assert spec.architecture is not None
    options = parse(StudentOptions, spec.architecture.options, f"architecture options of {spec.name}")
    return Student(spec.architecture.family, options, spec)


def student_spec(name: str, family: StudentFamily, options: StudentOptions, teacher: ModelSpec) -> ModelSpec:
    """Spec of a student that takes the teacher's task and alphabet, with its own preprocessing."""
    parent = teacher.preprocessing
    preprocessing = Preprocessing(
        channels=parent.channels,
        height=_HEIGHT,
        width=None if parent.width is None else _fixed_width(parent),
        width_multiple=STRIDE,
        min_width=16,
        max_width=1024,
        padding="white" if parent.padding == "edge" else parent.padding,
    )
    return ModelSpec(
        name=name,
        task=teacher.task,
        charset=teacher.charset,
        blank=teacher.blank,
        class_names=teacher.class_names,
        preprocessing=preprocessing,
        architecture=Architecture(family=family, options=options.model_dump()),
    )


def _fixed_width(parent: Preprocessing) -> int:
    """The parent's width at the student's height, in whole strides."""
    assert parent.width is not None
    return max(2 * STRIDE, round(parent.width * _HEIGHT / parent.height / STRIDE) * STRIDE)
