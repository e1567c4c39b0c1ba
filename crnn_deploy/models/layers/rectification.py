"""The spatial transformer of Shi et al., "Robust Scene Text Recognition with Automatic Rectification" (1603.03915)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crnn_deploy.models.layers.scene_text_options import Rectify


class Rectification(nn.Module):
    """`[N, C, H, W]` → `[N, C, height, width]`: the picture straightened by a thin-plate spline.

    Attributes:
        spline: from where the points are to where each pixel of the result comes from, `[height · width, points]`.
    """

    def __init__(self, options: Rectify) -> None:
        super().__init__()
        self._size, self._points = (options.height, options.width), options.points
        self.convolutions = _convolutions(options.inputs, options.channels)
        self.hidden = nn.Linear(options.channels[-1], options.hidden)
        self.points = nn.Linear(options.hidden, 2 * options.points)
        self.spline: Tensor
        self.register_buffer("spline", torch.zeros(options.height * options.width, options.points))

    def forward(self, x: Tensor) -> Tensor:
        features = self.convolutions(x).mean((2, 3))
        # -1 for the batch: tracing would make sizes of all other axes constants, which they are, and of this one too.
        points = self.points(self.hidden(features).relu()).reshape(-1, self._points, 2)  # the last axis is x and y
        places = torch.matmul(self.spline, points).reshape(-1, *self._size, 2)
        return nn.functional.grid_sample(x, places, padding_mode="border", align_corners=True)


def _convolutions(inputs: int, channels: tuple[int, ...]) -> nn.Sequential:
    """Convolutions with batch norm and ReLU, and half the size between them."""
    layers: list[nn.Module] = []
    for number, outputs in enumerate(channels):
        layers += [nn.MaxPool2d(2)] if number else []
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers)
