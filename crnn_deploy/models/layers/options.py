"""The layers that a network of the family `layers` may have, as its artifact lists them.

Images are `[N, C, H, W]` up to the layer `sequence`, and sequences `[N, T, C]` from there on. The last layer is the
linear head, unless a recurrent layer or the mean over time has made `[N, C]` before it: then it gives class logits.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crnn_deploy import limits
from crnn_deploy.config import Frozen
from crnn_deploy.models.layers.row_options import Rows
from crnn_deploy.models.layers.scene_text_options import GatedRecurrentConvolution, Rectify
from crnn_deploy.models.layers.sizes import Channels, Epsilon, Features, Margin, Pair, Units


class Convolution(Frozen):
    """A convolution over height and width."""

    kind: Literal["convolution"] = "convolution"
    inputs: Channels
    outputs: Channels
    kernel: Pair
    stride: Pair = (1, 1)
    padding: tuple[Margin, Margin, Margin, Margin] = Field(
        default=(0, 0, 0, 0), description="zeros on the top, left, bottom and right"
    )
    dilation: Pair = (1, 1)
    groups: Channels = 1
    bias: bool = True

    @model_validator(mode="after")
    def _groups_divide(self) -> Convolution:
        if self.inputs % self.groups or self.outputs % self.groups:
            raise ValueError(f"{self.groups} groups do not divide {self.inputs} inputs and {self.outputs} outputs")
        return self


class BatchNorm(Frozen):
    """Batch normalisation of images or of sequences, with the statistics of training."""

    kind: Literal["batch-norm"] = "batch-norm"
    channels: Features
    epsilon: Epsilon = 1e-5


class GroupNorm(Frozen):
    """Group normalisation of images (Wu and He, arXiv 1803.08494): over all columns, so padding changes its result."""

    kind: Literal["group-norm"] = "group-norm"
    channels: Channels
    groups: Channels
    epsilon: Epsilon = 1e-5

    @model_validator(mode="after")
    def _groups_divide(self) -> GroupNorm:
        if self.channels % self.groups:
            raise ValueError(f"{self.groups} groups do not divide {self.channels} channels")
        return self


class LayerNorm(Frozen):
    """Normalisation over the channels of each frame of a sequence."""

    kind: Literal["layer-norm"] = "layer-norm"
    channels: Features
    epsilon: Epsilon = 1e-5


class Activation(Frozen):
    """A function of each number."""

    kind: Literal["activation"] = "activation"
    function: Literal[
        "relu", "relu6", "leaky-relu", "elu", "gelu", "silu", "tanh", "sigmoid", "hard-sigmoid", "hard-swish"
    ]
    slope: float = Field(default=0.01, ge=0, le=1, description="of leaky-relu below zero")


class Pooling(Frozen):
    """The largest or the mean value in each window; padding does not count for either."""

    kind: Literal["max-pooling", "mean-pooling"]
    kernel: Pair
    stride: Pair
    padding: tuple[Margin, Margin] = Field(default=(0, 0), description="above and below, left and right")
    more: tuple[Margin, Margin] = Field(
        default=(0, 0), description="padding of max-pooling besides, only below and only on the right"
    )
    partial: bool = Field(default=False, description="windows that begin inside and end outside count")

    @model_validator(mode="after")
    def _padding_is_small(self) -> Pooling:
        if any(2 * margin > extent for margin, extent in zip(self.padding, self.kernel, strict=True)):
            raise ValueError("the padding is larger than half of the kernel")
        if any(self.more) and self.kind != "max-pooling":
            raise ValueError("only max-pooling has more padding below and on the right")
        if any(margin >= extent for margin, extent in zip(self.more, self.kernel, strict=True)):
            raise ValueError("the padding is as large as the kernel")
        return self


class Mean(Frozen):
    """The mean over axes, which stay with the size 1 in images; over the frames of a sequence it gives `[N, C]`."""

    kind: Literal["mean"] = "mean"
    over: Literal["height", "picture", "frames"]


class Residual(Frozen):
    """The sum of two branches; an empty one passes its input on (He et al., arXiv 1512.03385)."""

    kind: Literal["residual"] = "residual"
    body: tuple[Layer, ...] = Field(max_length=limits.MAX_NESTED)
    shortcut: tuple[Layer, ...] = Field(default=(), max_length=limits.MAX_NESTED)


class Gate(Frozen):
    """The input times what the body makes of it, as in squeeze and excitation (Hu et al., arXiv 1709.01507)."""

    kind: Literal["gate"] = "gate"
    body: tuple[Layer, ...] = Field(max_length=limits.MAX_NESTED)


class Sequence(Frozen):
    """From images to sequences: columns become frames."""

    kind: Literal["sequence"] = "sequence"
    along: Literal["width", "height", "pixels"] = Field(
        default="width", description="frames are columns, rows, or all pixels row by row"
    )
    order: Literal["channels", "pixels"] = Field(
        default="channels", description="what changes slowest among the features of a frame: C·H or H·C"
    )


class Recurrent(Frozen):
    """An LSTM or GRU with PyTorch's names and order of weights.

    Where `activation`, `gates` or `reset` are not PyTorch's, its frames are computed one after the other.
    """

    kind: Literal["lstm", "gru"]
    inputs: Features
    hidden: Units
    layers: int = Field(default=1, gt=0, le=limits.MAX_LAYERS)
    direction: Literal["forward", "reverse", "both"] = "both"
    merge: Literal["concatenate", "sum", "mean", "product"] = Field(
        default="concatenate", description="how the two directions become one"
    )
    result: Literal["frames", "last"] = Field(
        default="frames", description="all frames, or the state after the last frame of each direction `[N, C]`"
    )
    activation: Literal["tanh", "relu", "sigmoid"] = Field(default="tanh", description="of states and candidates")
    gates: Literal["sigmoid", "hard-sigmoid", "hard-sigmoid-5"] = Field(
        default="sigmoid", description="hard-sigmoid is clip(x/6 + 0.5), and hard-sigmoid-5 clip(x/5 + 0.5)"
    )
    reset: Literal["after", "before"] = Field(
        default="after", description="where a GRU's reset gate acts: after or before the recurrent product"
    )

    @property
    def is_standard(self) -> bool:
        """Whether it computes what `nn.LSTM` and `nn.GRU` do."""
        return (self.activation, self.gates, self.reset) == ("tanh", "sigmoid", "after")

    @model_validator(mode="after")
    def _one_layer_unless_standard(self) -> Recurrent:
        if not self.is_standard and self.layers > 1:
            raise ValueError("several layers of one node have tanh, sigmoid and a reset after the product")
        if self.reset == "before" and self.kind == "lstm":
            raise ValueError("an LSTM has no reset gate")
        return self

    @model_validator(mode="after")
    def _layers_agree(self) -> Recurrent:
        if self.layers > 1 and (self.direction == "reverse" or self.merge != "concatenate"):
            raise ValueError("several layers of one node run forward or in both directions, concatenated")
        return self


class Columns(Frozen):
    """An LSTM or GRU from the top to the bottom of each column of images.

    `[N, C, H, W]` becomes `[N, D, H, W]`, or, where only the last state stays, `[N, D, 1, W]`.
    """

    kind: Literal["columns"] = "columns"
    cell: Literal["lstm", "gru"] = "lstm"
    inputs: Channels
    hidden: Units
    direction: Literal["forward", "reverse", "both"] = "forward"
    result: Literal["last", "all"] = Field(
        default="last", description="the last state, or all; of both directions, `last` is what they give at the end"
    )


class Linear(Frozen):
    """A linear map of the last axis."""

    kind: Literal["linear"] = "linear"
    inputs: Features
    outputs: Annotated[int, Field(gt=0, le=limits.MAX_CLASSES)]
    bias: bool = True


Layer = Annotated[
    Convolution
    | BatchNorm
    | GroupNorm
    | LayerNorm
    | Activation
    | Pooling
    | GatedRecurrentConvolution
    | Rectify
    | Mean
    | Rows
    | Residual
    | Gate
    | Sequence
    | Recurrent
    | Columns
    | Linear,
    Field(discriminator="kind"),
]

for _nesting in (Residual, Gate):
    _nesting.model_rebuild()


class LayersOptions(Frozen):
    """The layers of a network from its input to its head."""

    layers: tuple[Layer, ...] = Field(min_length=1, max_length=limits.MAX_LISTED_LAYERS)

    @model_validator(mode="after")
    def _ends_in_a_head(self) -> LayersOptions:
        if not isinstance(self.layers[-1], Linear):
            raise ValueError(f"the last layer must be linear: it is the head; this one is {self.layers[-1].kind}")
        return self
