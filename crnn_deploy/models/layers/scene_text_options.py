"""Layers for text in scenes, of deep-text-recognition-benchmark: a spatial transformer and gated convolutions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from crnn_deploy import limits
from crnn_deploy.config import Frozen
from crnn_deploy.models.layers.sizes import Channels, Extent, Units


class GatedRecurrentConvolution(Frozen):
    """A convolution that runs several times over its own result, gated, with batch norms of its own each time.

    Wang and Hu, "Gated Recurrent Convolution Neural Network for OCR" (NIPS 2017).
    """

    kind: Literal["gated-recurrent-convolution"] = "gated-recurrent-convolution"
    inputs: Channels
    outputs: Channels
    kernel: Extent = Field(default=3, description="height and width; odd, so that the size stays")
    iterations: int = Field(gt=0, le=limits.MAX_LAYERS)


class Rectify(Frozen):
    """The picture straightened by a thin-plate spline between points that a small network finds.

    Shi et al., "Robust Scene Text Recognition with Automatic Rectification" (arXiv 1603.03915). The result has the
    size that the spline was made for; the spline is part of the weights.
    """

    kind: Literal["rectify"] = "rectify"
    inputs: Channels
    channels: tuple[Channels, ...] = Field(min_length=1, max_length=8, description="of the localisation's convolutions")
    hidden: Units = Field(description="of its linear layer")
    points: int = Field(gt=0, le=limits.MAX_POINTS, description="that are found")
    height: int = Field(gt=0, le=limits.MAX_HEIGHT, description="of the result in pixels")
    width: int = Field(gt=0, le=limits.MAX_WIDTH, description="of the result in pixels")

    @model_validator(mode="after")
    def _result_is_small(self) -> Rectify:
        if self.height * self.width > limits.MAX_INPUT_PIXELS:
            raise ValueError(f"{self.height} x {self.width} pixels are more than {limits.MAX_INPUT_PIXELS:,}")
        return self
