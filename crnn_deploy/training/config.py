"""Options of distillation, as the command line, the recipe and the Python API share them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from crnn_deploy.models import StudentFamily
from crnn_deploy.spec import Frozen


class DistillOptions(Frozen):
    """Which student, and how it is trained."""

    student: StudentFamily = "mobilenet-v4-gru"
    width: float = Field(default=1.0, gt=0, le=4, description="scales the channels of the student")
    hidden: int = Field(default=96, gt=0, le=1024, description="units of its GRU in each direction")
    layers: int = Field(default=1, gt=0, le=4, description="its GRU layers")
    epochs: int = Field(default=15, gt=0)
    batch_size: int = Field(default=24, gt=0)
    learning_rate: float = Field(default=2.5e-3, gt=0, description="peak of the cosine schedule")
    weight_decay: float = Field(default=1e-2, ge=0)
    warmup: float = Field(default=0.1, ge=0, lt=1, description="share of the steps in which the rate rises")
    clip_norm: float = Field(default=1.0, gt=0)
    ema_decay: float = Field(default=0.998, ge=0, lt=1)
    augmentation: float = Field(default=1.0, ge=0, le=2, description="strength; 0 turns it off")
    use_labels: bool = Field(default=True, description="false: learn from the teacher alone")
    teacher_weight: float = Field(default=1.0, ge=0, description="weight of the teacher's frames beside the labels")
    teacher_until: float = Field(
        default=1.0, gt=0, le=1, description="share of the training over which that weight fades to zero, with labels"
    )
    temperature: float = Field(default=1.0, gt=0)
    skip_bad: bool = Field(default=False, description="leave broken images out instead of stopping")
    validation_share: float = Field(default=0.05, gt=0, lt=1, description="held out where no validation set is given")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="auto: BF16 where the processor or GPU has it"
    )
    seed: int = 0


class DistillConfig(DistillOptions):
    """One distillation: from `teacher` to the student at `output`."""

    teacher: Path
    data: str
    validation: str | None = None
    output: Path
    force: bool = False
