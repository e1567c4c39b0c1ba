"""How much the images of each class count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from crnn_deploy.data.sources.base import Source
from crnn_deploy.errors import InputError
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.losses.options import ClassWeights, CrossEntropyOptions, LossOptions


def class_weights(weights: ClassWeights, counts: Sequence[int]) -> Tensor | None:
    """A weight for each class; None if all are 1.

    Args:
        weights: `balanced` gives N / (K n) to a class of n among N images of K classes; a class without images gets 1.
        counts: training images of each class.
    """
    if weights == "balanced":
        found = np.array(counts)
        balanced = found.sum() / (len(found) * np.maximum(found, 1))
        return torch.from_numpy(np.where(found > 0, balanced, 1)).float()
    return None if weights is None else torch.tensor(weights)


def class_counts(source: Source) -> list[int]:
    """The number of images of each class; empty for lines of text, and where there are no labels."""
    if source.kind != "class":
        return []
    classes = [source.class_index(index) for index in range(len(source))]
    return [int(count) for count in np.bincount(classes, minlength=len(source.class_names))]


def balances(loss: LossOptions) -> bool:
    """Whether a loss needs to know how many images of each class there are."""
    return isinstance(loss, CrossEntropyOptions) and loss.weights == "balanced"


def check_class_weights(losses: Sequence[LossOptions], spec: ModelSpec) -> None:
    """Raise `InputError` if the weights of a loss are not one for each class."""
    for loss in losses:
        if isinstance(loss, CrossEntropyOptions) and isinstance(loss.weights, tuple):
            given, classes = len(loss.weights), len(spec.class_names)
            if given != classes:
                raise InputError(
                    f"The loss '{loss.kind}' has {given} class weights, and there are {classes} classes.",
                    fix=f"Give a weight for each class, in this order: {', '.join(spec.class_names[:5])}"
                    f"{', …' * (classes > 5)}; or write balanced.",
                )
