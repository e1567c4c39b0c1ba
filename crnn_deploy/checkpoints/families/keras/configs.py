"""The parts of the configs of Keras's layers that decide what they compute."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from crnn_deploy.config import Frozen
from crnn_deploy.models.layers.sizes import Epsilon, Extent, Units


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


Pair = Annotated[tuple[Extent, Extent], BeforeValidator(_pair)]
Padding = Literal["valid", "same"]
Format = Literal["channels_last"] | None


class _Config(Frozen):
    """A part of a config: other keys may be there, such as those that matter only in training."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Conv2D(_Config):
    """`Conv2D` and `DepthwiseConv2D`."""

    kernel_size: Pair
    strides: Pair = (1, 1)
    padding: Padding = "valid"
    data_format: Format = None
    dilation_rate: Pair = (1, 1)
    groups: int = Field(default=1, gt=0)
    activation: Any = None
    use_bias: bool = True


class Pooling2D(_Config):
    """`MaxPooling2D` and `AveragePooling2D`."""

    pool_size: Pair
    strides: Pair | None = None
    padding: Padding = "valid"
    data_format: Format = None


class Normalization(_Config):
    """`BatchNormalization` and `LayerNormalization`."""

    axis: int | list[int] = -1
    epsilon: Epsilon = 1e-3
    center: bool = True
    scale: bool = True
    rms_scaling: bool = False


class Dense(_Config):
    """`Dense`."""

    activation: Any = None
    use_bias: bool = True


class Reshape(_Config):
    """`Reshape`."""

    target_shape: list[int] = Field(min_length=1, max_length=8)


class Permute(_Config):
    """`Permute`; the first axis behind the batch is 1."""

    dims: list[int] = Field(min_length=1, max_length=8)


class Rescaling(_Config):
    """`Rescaling`."""

    scale: float
    offset: float = 0.0


class LeakyReLU(_Config):
    """`LeakyReLU`: `negative_slope` of Keras 3, `alpha` of Keras 2."""

    negative_slope: float | None = Field(default=None, ge=0, le=1)
    alpha: float | None = Field(default=None, ge=0, le=1)


class Recurrent(_Config):
    """`LSTM` and `GRU`."""

    units: Units
    activation: Any = "tanh"
    recurrent_activation: Any = "sigmoid"
    use_bias: bool = True
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    time_major: bool = False
    reset_after: bool = False


class Inner(_Config):
    """A layer inside a wrapper."""

    class_name: str
    config: dict[str, Any]


class Bidirectional(_Config):
    """`Bidirectional`."""

    layer: Inner
    backward_layer: Inner | None = None
    merge_mode: Literal["concat", "sum", "ave", "mul"]


class TimeDistributed(_Config):
    """`TimeDistributed`."""

    layer: Inner
