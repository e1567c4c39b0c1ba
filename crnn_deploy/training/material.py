"""What a network learns from and is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crnn_deploy.data.source import Source
from crnn_deploy.training.losses.options import LossOptions
from crnn_deploy.training.teachers.asking import TeacherAnswers


@dataclass(frozen=True)
class Material:
    """`teachers` answer for the items of `train`; `losses` say what is read of all that."""

    train: Source
    validation: Source
    losses: Sequence[LossOptions]
    teachers: Sequence[TeacherAnswers] = ()
