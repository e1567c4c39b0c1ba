"""What is known while the layers of a Keras model are translated one after the other, and the list that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor

from crnn_deploy.checkpoints.families.keras.axes import CHANNELS, FIRST, SECOND, Axes, Axis, Factor, size_of
from crnn_deploy.checkpoints.families.keras.container import Weights
from crnn_deploy.checkpoints.families.keras.graph import KerasLayer
from crnn_deploy.checkpoints.families.listing import Listing
from crnn_deploy.errors import InputError
from crnn_deploy.models.layers.options import Activation, Layer
from crnn_deploy.validation import parse

C = TypeVar("C", bound=BaseModel)

_SAME_NAME = ("relu", "relu6", "elu", "gelu", "silu", "tanh", "sigmoid")
_OTHER_NAME = {"swish": "silu", "hard_sigmoid": "hard-sigmoid", "hard_swish": "hard-swish", "hard_silu": "hard-swish"}
_LEAK = 0.2  # slope of "leaky_relu" as the name of an activation


@dataclass
class Translation:
    """The state: what the axes of the tensor are, and the layers up to it.

    Attributes:
        width_first: whether the first axis of images is their width.
        weights: of all layers of the model, by name.
        version: of Keras.
        axes: of the tensor behind the last layer, without the batch.
        frames: the axis of the image that became time, once there is a sequence; `both`: all pixels.
        strides: product of the strides along the first and the second axis of the image.
        ended: the layer with the softmax, behind which nothing may follow.
        scaling: factor and offset of `Rescaling` at the beginning.
    """

    width_first: bool
    weights: Mapping[str, Weights]
    version: str
    axes: Axes
    listing: Listing = field(default_factory=Listing)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    frames: str = ""
    strides: dict[str, int] = field(default_factory=lambda: {FIRST: 1, SECOND: 1})
    ended: str = ""
    scaling: tuple[float, float] | None = None
    count: int = 0

    @property
    def is_image(self) -> bool:
        """Whether the tensor is a map of two axes and channels, and no sequence yet."""
        return not self.frames

    @property
    def features(self) -> int:
        """Size of the last axis."""
        size = size_of(self.axes[-1])
        assert size is not None  # the channels are known, and joined axes too
        return size

    def image_axes(self, layer: KerasLayer) -> tuple[Factor, Factor]:
        """The two axes of a map of features, as Keras has them. Raises `InputError` where it is none."""
        if self.is_image and len(self.axes) == 3 and names(self.axes[2]) in ([CHANNELS], []):
            first, second = (axis[0] if len(axis) == 1 else None for axis in self.axes[:2])
            if first is not None and second is not None and CHANNELS not in (first.name, second.name):
                return first, second
        raise refused(layer, f"reads {describe(self.axes)}, and not rows, columns and channels")

    def turned(self, first: Factor) -> bool:
        """Whether Keras's first axis, `first`, is the width, so that kernels must be turned."""
        return (first.name == FIRST) == self.width_first

    def add(self, layer: Layer, tensors: Mapping[str, NDArray[Any]] | None = None, part: str = "") -> None:
        """List a layer with its weights, which are those of its part `part`."""
        prefix = f"keras{self.count}"
        self.count += 1
        for name, array in (tensors or {}).items():
            self.tensors[f"{prefix}.{name}"] = torch.from_numpy(np.array(array))
        self.listing.add(layer, {part: prefix} if tensors else "")

    def activate(self, function: object, layer: KerasLayer) -> None:
        """List the activation of a layer; a softmax ends the network."""
        name = activation_name(function, layer)
        if name == "softmax":
            self.ended = layer.name
        elif name == "leaky_relu":
            self.add(Activation(function="leaky-relu", slope=_LEAK))
        elif name == "hard_sigmoid" and not self.version.startswith("3"):
            raise refused(layer, "has the hard sigmoid of Keras 2, which is another one than that of ONNX and PyTorch")
        elif name in _SAME_NAME or name in _OTHER_NAME:
            self.add(Activation(function=_OTHER_NAME.get(name, name)))
        elif name != "linear":
            raise refused(layer, f"has the activation {name}, which crnn-deploy does not know")

    def arrays(self, layer: KerasLayer, *axes: int) -> list[NDArray[np.float32]]:
        """The weights of a layer, in Keras's order, which must have so many axes.

        Raises:
            InputError: if there are others.
        """
        found = self.weights.get(layer.name, [])
        if [array.ndim for array in found] != list(axes):
            raise InputError(
                f"The layer {layer.name} ({layer.kind}) has {len(found)} weights with the shapes "
                f"{[list(array.shape) for array in found[:8]]}, expected {len(axes)} with {list(axes)} axes.",
                "The weights are of another model than the config, or the file is damaged.",
                "Save the model again with Keras: model.save('NAME.keras').",
            )
        return found


def configured(model: type[C], layer: KerasLayer) -> C:
    """The config of a layer. Raises `InputError` where it is damaged or has what crnn-deploy does not know."""
    return parse(model, dict(layer.config), f"The config of the layer {layer.name[:80]} ({layer.kind[:80]})")


def activation_name(function: object, layer: KerasLayer) -> str:
    """Keras's name of an activation. Raises `InputError` where it is code."""
    if function is None:
        return "linear"
    if isinstance(function, dict):  # a reference to a function, or an activation that is a layer
        known = function.get("module") in ("builtins", "keras.activations")
        inner = function.get("config")
        function = inner if known and isinstance(inner, str) else function.get("class_name")
    if not isinstance(function, str):
        raise refused(layer, "has an activation that is code")
    return function


def names(axis: Axis) -> list[str]:
    """Names of the parts of an axis."""
    return [factor.name for factor in axis]


def describe(axes: Axes) -> str:
    """Axes for messages, such as `first × second+channels`."""
    return " × ".join("+".join(names(axis)) or "1" for axis in axes) or "one number"


def refused(layer: KerasLayer, why: str) -> InputError:
    """The error about a layer that cannot be imported."""
    return InputError(
        f"The layer {layer.name[:80]} ({layer.kind[:80]}) of the Keras model {why}.",
        "Imported are networks of convolutions, pooling, norms, one reshape to a sequence, LSTMs or GRUs, and a Dense.",
        "Save a model without this layer, or export it to ONNX and import that with --spec.",
    )
