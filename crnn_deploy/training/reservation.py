"""What a training leaves unproved: a teacher that reads nothing, or a network that learned nothing."""

from __future__ import annotations

import numpy as np

from crnn_deploy.data.sources.base import Source
from crnn_deploy.evaluation.unproven import FEW, not_proved, why_unproven
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import normalized
from crnn_deploy.training.teachers.answers import Answers
from crnn_deploy.units import percent

_MOST = 200  # readings of a teacher that are looked at


def teacher_reservation(answers: Answers, source: Source, spec: ModelSpec) -> str:
    """Why nothing can be learned from the readings of a teacher in `source`; empty where something can.

    Args:
        spec: of the student, whose charset or classes the readings are in.
    """
    step = -(-len(source) // _MOST)
    indices = range(0, len(source), step)
    readings = [tuple(answers[index].targets.tolist()) for index in indices]
    if spec.task == "classify":
        return why_unproven("classify", [spec.class_names[reading[0]] for reading in readings])
    form = spec.normal_form
    texts = source.texts(np.array(indices)) if source.kind == "text" else None
    labels = None if texts is None else [normalized(text, form) for text in texts]
    return why_unproven("ctc", [normalized(spec.text(reading), form) for reading in readings], labels)


def student_reservation(error: float, spec: ModelSpec) -> str:
    """Why a trained network is of no use; empty where it is.

    Args:
        error: on the validation images, a fraction.
    """
    if spec.task == "ctc" and error >= 1 - FEW:
        return f"reads almost nothing right: its CER is {percent(error)} on the validation images"
    if spec.task == "classify" and error >= 1 - 1 / spec.num_outputs:
        return f"is no better than chance: its top-1 error is {percent(error)} on the validation images"
    return ""


def training_reservation(taught: str, error: float, spec: ModelSpec) -> str:
    """The reservation about a finished training, for its lineage; `taught` is that about the teacher."""
    return not_proved("the teacher", taught) or not_proved("the trained network", student_reservation(error, spec))
