"""Builds losses from their options."""

from __future__ import annotations

from collections.abc import Sequence

from crnn_deploy.errors import InputError
from crnn_deploy.spec import ModelSpec, Task
from crnn_deploy.training.losses.base import Loss
from crnn_deploy.training.losses.class_weights import check_class_weights, class_weights
from crnn_deploy.training.losses.classes import CrossEntropy, Dist, Dkd, HintonKd
from crnn_deploy.training.losses.ctc import Ctc, Dctc
from crnn_deploy.training.losses.features import FeatureMatching
from crnn_deploy.training.losses.frames import FrameKl
from crnn_deploy.training.losses.options import (
    CrossEntropyOptions,
    CtcOptions,
    DctcOptions,
    DistOptions,
    DkdOptions,
    FeatureOptions,
    FrameKlOptions,
    HintonKdOptions,
    LossOptions,
    PseudoLabelOptions,
)
from crnn_deploy.training.losses.pseudo_labels import PseudoLabels

_OF_LINES = (CtcOptions, DctcOptions, FrameKlOptions, PseudoLabelOptions, FeatureOptions)
_OF_CLASSES = (CrossEntropyOptions, HintonKdOptions, DistOptions, DkdOptions, FeatureOptions)


def default_losses(task: Task, labels: bool, teachers: int) -> tuple[LossOptions, ...]:
    """Losses that suit most trainings: labels count to the end if there are any, and teachers count at the start."""
    if task == "classify":
        from_teacher: tuple[LossOptions, ...] = (HintonKdOptions(),)
        return (*((CrossEntropyOptions(),) if labels else ()), *(from_teacher if teachers else ()))
    if not labels:
        return (FrameKlOptions(), PseudoLabelOptions()) if teachers else ()
    return (CtcOptions(), FrameKlOptions(until=0.5)) if teachers else (CtcOptions(),)


def build_loss(
    options: LossOptions,
    spec: ModelSpec,
    features: int,
    teacher_features: Sequence[int],
    class_counts: Sequence[int] = (),
) -> Loss:
    """The loss of `options`.

    Args:
        spec: of the student.
        features: number of features that the student's head reads.
        teacher_features: number of features of each teacher.
        class_counts: training images of each class, for weights that balance them.
    """
    match options:
        case CtcOptions():
            return Ctc(spec.blank)
        case DctcOptions():
            return Dctc(spec.blank)
        case FrameKlOptions():
            return FrameKl(spec.blank, options.temperature, options.selection, options.far_blank)
        case PseudoLabelOptions():
            return PseudoLabels(spec.blank, options.confidence)
        case FeatureOptions():
            return FeatureMatching(features, teacher_features, options.metric)
        case CrossEntropyOptions():
            return CrossEntropy(options.label_smoothing, class_weights(options.weights, class_counts))
        case HintonKdOptions():
            return HintonKd(options.temperature)
        case DistOptions():
            return Dist(options.temperature)
        case DkdOptions():
            return Dkd(options.temperature, options.target_weight, options.others_weight)


def check_losses(losses: Sequence[LossOptions], spec: ModelSpec) -> None:
    """Raise `InputError` if a loss is not for the task of a network, or has weights for other classes."""
    kinds = kinds_for(spec.task)
    wrong = [loss.kind for loss in losses if loss.kind not in kinds]
    if wrong:
        raise InputError(
            f"The loss '{wrong[0]}' does not go with a {spec.task} model.", fix=f"Take some of: {', '.join(kinds)}."
        )
    check_class_weights(losses, spec)


def kinds_for(task: Task) -> list[str]:
    """Names of the losses for a task."""
    return [options().kind for options in (_OF_LINES if task == "ctc" else _OF_CLASSES)]
