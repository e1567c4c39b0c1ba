"""The registry of networks for pictures: a spec for each family's options, and the network of a spec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from crnn_deploy.clips import Clips
from crnn_deploy.errors import InputError
from crnn_deploy.models.pictures.cnn import cnn
from crnn_deploy.models.pictures.config import (
    CnnGru,
    CnnLstm,
    FramesGru,
    PictureChoice,
    PictureOptions,
    PixelGru,
    ResNet,
)
from crnn_deploy.models.pictures.frames_gru import frames_gru
from crnn_deploy.models.pictures.pixel_gru import pixel_gru
from crnn_deploy.models.pictures.resnet import resnet
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Architecture, ModelSpec
from crnn_deploy.validation import parse
from crnn_deploy.vector import VectorNumber

_NETWORKS: dict[str, tuple[type[PictureOptions], Callable[[Any, ModelSpec], nn.Module]]] = {
    "cnn-gru": (CnnGru, cnn),
    "cnn-lstm": (CnnLstm, cnn),
    "frames-gru": (FramesGru, frames_gru),
    "pixel-gru": (PixelGru, pixel_gru),
    "resnet18": (ResNet, resnet),
    "resnet18-gru": (ResNet, resnet),
    "resnet18-lstm": (ResNet, resnet),
}
PICTURE_FAMILIES = tuple(_NETWORKS)
_OF_CLIPS = "frames-gru"
_LEAST = 4  # pixels of height and width that the convolutions leave something of


def build_picture_network(spec: ModelSpec) -> nn.Module:
    """The network that `spec.architecture` describes, with fresh weights.

    Raises:
        InputError: if its options are wrong, or the spec is not one of a classifier of pictures of a fixed size.
    """
    assert spec.architecture is not None
    p, family = spec.preprocessing, spec.architecture.family
    if spec.task != "classify" or p.width is None or min(p.width, p.height) < _LEAST:
        raise InputError(
            f"{spec.name} cannot be a {family}.",
            f"That network names classes in pictures of a fixed size, of {_LEAST} pixels at least.",
            "For lines take crnn-bigru, crnn-bilstm or a student.",
        )
    if (p.clips is not None) != (family == _OF_CLIPS):
        seen, other = ("single pictures", "clips") if p.clips is None else ("clips", "single pictures")
        raise InputError(
            f"{spec.name} cannot be a {family}.",
            f"Its preprocessing says that it sees {seen}, and that network sees {other}.",
            "Correct preprocessing.clips in the spec.",
        )
    options, build = _NETWORKS[family]
    fields = {**spec.architecture.options, "family": family}
    return build(parse(options, fields, f"architecture options of {spec.name}"), spec)


def picture_spec(
    name: str,
    choice: PictureChoice,
    class_names: tuple[str, ...],
    colours: str,
    size: tuple[int, int],
    *,
    clips: Clips | None = None,
    vector: tuple[VectorNumber, ...] = (),
) -> ModelSpec:
    """Spec of a classifier that sees pictures of `size` (width, height) in `colours`, L, RGB or BGR, and a vector.

    `cnn-lstm` sees pixels from 0 to 1, and all others from -1 to 1. `frames-gru` sees clips.

    Args:
        clips: which stills of clips are seen; None: the default.
    """
    seen: dict[str, object] = {"mean": (0.0,), "std": (1.0,)} if choice.family == "cnn-lstm" else {}
    if choice.family == _OF_CLIPS:
        seen["clips"] = clips or Clips()
    preprocessing = {"channels": colours, "width": size[0], "height": size[1], "vector": vector, **seen}
    return ModelSpec(
        name=name,
        task="classify",
        class_names=class_names,
        preprocessing=parse(Preprocessing, preprocessing, f"The preprocessing of {name}"),
        architecture=Architecture(family=choice.family, options=choice.model_dump(exclude={"family"})),
    )
