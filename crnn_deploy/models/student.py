"""MobileNet-GRU students: a small backbone, GRU layers and a linear head."""

from __future__ import annotations

from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_WIDTH
from crnn_deploy.models.backbone import horizontal_stride
from crnn_deploy.models.config import StudentChoice, StudentOptions
from crnn_deploy.models.line_spec import HEIGHT, line_spec, spec_like
from crnn_deploy.models.mobilenet_v1 import MobileNetV1Features
from crnn_deploy.models.mobilenet_v3 import MobileNetV3Features
from crnn_deploy.models.mobilenet_v4 import MobileNetV4Features
from crnn_deploy.models.pictures.config import FramesGru
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.models.recurrent import recurrent_layers
from crnn_deploy.models.vector_fusion import fused, vector_fusion
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Architecture, ModelSpec
from crnn_deploy.validation import parse

_BACKBONES = {
    "mobilenet-v1-gru": MobileNetV1Features,
    "mobilenet-v3-gru": MobileNetV3Features,
    "mobilenet-v4-gru": MobileNetV4Features,
}


class Student(nn.Module):
    """`[N, C, 32, W]` → CTC logits `[N, W/stride, K]`; or pictures `[N, C, H, W]` → class logits `[N, K]`.

    Class logits are the head's of the mean over the T steps of a picture, where `horizontal_stride` tells T.
    `head`, the last layer, takes the features of the sequence, `[N, T, D]`, or their mean. With a `head_rank` they are
    reduced to so many before: head and reduction are two factors of one matrix of that rank.
    """

    def __init__(self, family: str, options: StudentOptions, spec: ModelSpec) -> None:
        super().__init__()
        p = spec.preprocessing
        self.backbone = _BACKBONES[family](p.channel_count, options.width, options.stride, p.height)
        self.rnn = recurrent_layers("gru", self.backbone.features, options)
        self.dropout = nn.Dropout(options.dropout)
        self.fusion = vector_fusion(options.outputs, len(spec.preprocessing.vector))
        rank = options.head_rank
        self.reduction = nn.Linear(options.outputs, rank, bias=False) if rank else nn.Identity()
        self.head = nn.Linear(rank or options.outputs, spec.num_outputs)
        self.pool = spec.task == "classify"

    def forward(self, x: Tensor, vector: Tensor | None = None) -> Tensor:
        y, _ = self.rnn(self.backbone(x))
        features = self.dropout(fused(self.fusion, y.mean(1) if self.pool else y, vector))
        logits: Tensor = self.head(self.reduction(features))
        return logits


def student_options(spec: ModelSpec) -> StudentOptions:
    """The options of a student's architecture; those that an older artifact lacks have their defaults."""
    assert spec.architecture is not None
    return parse(StudentOptions, spec.architecture.options, f"architecture options of {spec.name}")


def build_student(spec: ModelSpec) -> nn.Module:
    """The student that `spec.architecture` describes, with fresh weights."""
    assert spec.architecture is not None
    return Student(spec.architecture.family, student_options(spec), spec)


def student_stride(spec: ModelSpec) -> int:
    """Input pixels for each step of a student."""
    return horizontal_stride(student_options(spec).stride, spec.preprocessing.height)


def student_spec(
    name: str,
    choice: StudentChoice | FramesGru,
    like: ModelSpec,
    charset: tuple[str, ...] | None = None,
    height: int | None = None,
) -> ModelSpec:
    """Spec of a student with the task and the charset of its teacher `like`, and with its own preprocessing.

    Lines become 32 pixels high. Pictures keep the teacher's size, fixed or of any width, or its shape at `height`. A
    student for clips sees the same stills as its teacher, at the same size.

    Args:
        charset: replaces the teacher's charset; the blank is the first class then.
        height: of the pictures that the student of a classifier sees; None: the teacher's.

    Raises:
        InputError: if `charset` is empty, or `like` is a classifier; if there is a `height` for lines or clips; or if
            one sees clips, and the other does not.
    """
    seen = like.preprocessing
    if (seen.clips is not None) != isinstance(choice, FramesGru):
        sees, other = ("clips", "lines and pictures") if seen.clips is not None else ("single images", "clips")
        raise InputError(
            f"{like.name} sees {sees}, and {choice.family} is a student for {other}.",
            "A student must see what its teacher sees.",
            "Choose --student frames-gru for clips, and another one for lines and pictures.",
        )
    if isinstance(choice, FramesGru):
        if charset is not None:
            raise InputError(f"{like.name} is a classifier: there is no charset to replace.", fix="Leave it out.")
        if height is not None:
            raise InputError(f"{choice.family} sees clips at the size of {like.name}.", fix="Leave out the height.")
        size = (seen.width or 0, seen.height)
        return picture_spec(name, choice, like.class_names, seen.channels, size, clips=seen.clips, vector=seen.vector)
    architecture = Architecture(family=choice.family, options=choice.options().model_dump())
    if like.task == "classify":
        seen = _picture(like.preprocessing, height or like.preprocessing.height, choice.stride)
        return spec_like(name, architecture, seen, like, charset)
    if height is not None:
        raise InputError(
            f"{choice.family} sees lines of {HEIGHT} pixels of height, so --height {height} has no effect.",
            fix="Leave out the height; it is for the students of classifiers.",
        )
    return line_spec(name, architecture, choice.stride, like, charset)


def _picture(teacher: Preprocessing, height: int, stride: int) -> Preprocessing:
    """Pictures of a height, and as wide as the teacher's; those of any width have four steps of stride 4 at least."""
    step, least = horizontal_stride(stride, height), 4 * horizontal_stride(4, height)
    scale = height / teacher.height
    return Preprocessing(
        channels=teacher.channels,
        height=height,
        width=None if teacher.width is None else max(1, round(teacher.width * scale)),
        keep_ratio=teacher.keep_ratio,
        width_multiple=step,
        min_width=least,
        max_width=min(MAX_WIDTH, max(least, round(teacher.max_width * scale))),
        vector=teacher.vector,
        padding="white" if teacher.padding == "edge" else teacher.padding,
    )
