"""The augmentation that suits the task: lines of text must stay legible, and pictures must keep their class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from crnn_deploy.errors import InputError
from crnn_deploy.spec import ModelSpec, Task
from crnn_deploy.training.augmentation.pictures import PictureAugmentation, Pixels
from crnn_deploy.training.config import TrainingOptions
from crnn_deploy.training.losses.options import LossOptions

Augment = Callable[[Sequence[Pixels], Sequence[np.random.Generator]], list[Pixels]]
"""Augments the images of a batch, each by its own random numbers."""

_AugmentOne = Callable[[Pixels, np.random.Generator], Pixels]
_MIXABLE = ("cross-entropy", "hinton-kd", "dist")  # the other losses read one right class, or one picture's features


def augmentation_for(spec: ModelSpec, options: TrainingOptions) -> Augment:
    """The augmentation of single images for a network of `spec`."""
    if spec.task == "classify":
        of_picture = PictureAugmentation(options.augmentation, options.flip)
        return partial(_each, of_picture if spec.preprocessing.clips is None else partial(_clip, of_picture))
    from crnn_deploy.training.augmentation.augmentation import Augmentation  # needs OpenCV, of the extra 'train'

    return Augmentation(options.augmentation, keep_width=spec.preprocessing.width is not None)


def _each(augment: _AugmentOne, images: Sequence[Pixels], rngs: Sequence[np.random.Generator]) -> list[Pixels]:
    return [augment(image, rng) for image, rng in zip(images, rngs, strict=True)]


def _clip(of_picture: _AugmentOne, clip: Pixels, rng: np.random.Generator) -> Pixels:
    """A clip `[T, H, W, C]` with all stills augmented alike, so that what moves in them stays as it is."""
    seed = rng.integers(1 << 32)
    return np.stack([of_picture(still, np.random.default_rng(seed)) for still in clip])


def check_augmentation(options: TrainingOptions, losses: Sequence[LossOptions], task: Task) -> None:
    """Raise `InputError` if an option of the augmentation does not suit the task or a loss."""
    mixing = [name for name in ("mixup", "cutmix") if getattr(options, name) > 0]
    of_pictures = [*mixing, *(["flip"] if options.flip else [])]
    if task == "ctc" and of_pictures:
        raise InputError(
            f"'{of_pictures[0]}' is for classifiers, and this network reads lines.",
            "A mirrored or mixed line has no text.",
            "Leave it out.",
        )
    unmixable = [loss.kind for loss in losses if loss.kind not in _MIXABLE]
    if mixing and unmixable:
        raise InputError(
            f"The loss '{unmixable[0]}' can't be computed for mixed pictures.",
            f"'{mixing[0]}' gives each picture two classes in shares.",
            f"Take some of {', '.join(_MIXABLE)}, or leave '{mixing[0]}' out.",
        )
