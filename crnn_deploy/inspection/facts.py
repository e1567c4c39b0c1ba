"""Size of a network: parameters, multiply-accumulates at a stated input, and number formats."""

from __future__ import annotations

from crnn_deploy.config import Frozen
from crnn_deploy.data.network_inputs import input_shapes
from crnn_deploy.preprocessing import Preprocessing

# A line of 100×32 pixels, the size that CRNN papers state their costs at (arXiv 1507.05717).
_LINE_SIZE = (100, 32)


class Facts(Frozen):
    """Facts about a network.

    Args:
        parameters: learned numbers; fewer in exported models, whose batch norms are folded into convolutions.
        macs: multiply-accumulates of one input of shape `macs_input` `[1, C, H, W]`.
        precision: number formats that the products run in, such as `fp32` or `int8+fp32`.
    """

    parameters: int
    macs: int
    macs_input: tuple[int, ...]
    precision: str


def line_shapes(preprocessing: Preprocessing) -> tuple[tuple[int, ...], ...]:
    """Shapes of all inputs of a model for such a line: that of the image, and that of a vector where it takes one."""
    return input_shapes(line_shape(preprocessing), preprocessing)


def line_shape(preprocessing: Preprocessing) -> tuple[int, ...]:
    """Input `[1, C, H, W]` of a model for a line of 100×32 pixels, or `[1, T, C, H, W]` for a clip of 8 stills."""
    return preprocessing.example_shape(1, *_LINE_SIZE)
