"""The spatial transformer of Shi et al. (arXiv 1603.03915) with the names of deep-text-recognition-benchmark."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

POINTS = 20
Array = NDArray[np.float64]


class LocalizationNetwork(nn.Module):
    """Where the points are, `[N, 20, 2]`; at first a waved line, as in the paper's initialisation."""

    def __init__(self, inputs: int, narrow: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, outputs in enumerate(size // narrow for size in (64, 128, 256, 512)):
            layers += [nn.MaxPool2d(2, 2)] if index else []
            layers += [nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        self.conv = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.localization_fc1 = nn.Sequential(nn.Linear(inputs, 256 // narrow), nn.ReLU())
        self.localization_fc2 = nn.Linear(256 // narrow, 2 * POINTS)
        x = np.linspace(-1, 1, POINTS // 2)
        above, below = (np.stack([x, np.linspace(*ends, len(x))], 1) for ends in ((0, -1), (1, 0)))
        line = np.concatenate([above, below])
        self.localization_fc2.bias.data = torch.from_numpy(line).float().reshape(-1)

    def forward(self, x: Tensor) -> Tensor:
        features = self.conv(x).reshape(len(x), -1)
        y: Tensor = self.localization_fc2(self.localization_fc1(features)).reshape(len(x), POINTS, 2)
        return y


class GridGenerator(nn.Module):
    """Where each pixel of the result comes from, `[N, H·W, 2]`; in FP32, as the original, noise shows its rounding."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        x = np.linspace(-1, 1, POINTS // 2)
        points = np.concatenate([np.stack([x, -np.ones_like(x)], 1), np.stack([x, np.ones_like(x)], 1)])
        across, down = (np.arange(-size, size, 2) + 1.0 for size in (width, height))
        pixels = np.stack(np.meshgrid(across / width, down / height), axis=2).reshape(-1, 2)
        self.register_buffer("inv_delta_C", torch.tensor(inverse(points)).float())
        self.register_buffer("P_hat", torch.tensor(basis(pixels, points)).float())

    def forward(self, points: Tensor) -> Tensor:
        padded = torch.cat([points, torch.zeros(len(points), 3, 2)], 1).double()
        coefficients = torch.bmm(self.inv_delta_C.double().repeat(len(points), 1, 1), padded)
        return torch.bmm(self.P_hat.double().repeat(len(points), 1, 1), coefficients).float()


def inverse(points: Array) -> Array:
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, 1)
    bent = distances**2 * np.log(distances)
    one = np.ones((len(points), 1))
    rows = [
        np.concatenate([one, points, bent], 1),
        np.concatenate([np.zeros((2, 3)), points.T], 1),
        np.concatenate([np.zeros((1, 3)), one.T], 1),
    ]
    return np.linalg.inv(np.concatenate(rows))


def basis(pixels: Array, points: Array) -> Array:
    distances = np.linalg.norm(pixels[:, None] - points[None], axis=2)
    return np.concatenate([np.ones((len(pixels), 1)), pixels, distances**2 * np.log(distances + 1e-6)], 1)


class SpatialTransformer(nn.Module):
    """`[N, C, H, W]`, straightened."""

    def __init__(self, height: int = 32, width: int = 100, inputs: int = 1, narrow: int = 16) -> None:
        super().__init__()
        self._size = (height, width)
        self.LocalizationNetwork = LocalizationNetwork(inputs, narrow)
        self.GridGenerator = GridGenerator(height, width)

    def forward(self, x: Tensor) -> Tensor:
        places = self.GridGenerator(self.LocalizationNetwork(x)).reshape(len(x), *self._size, 2)
        return functional.grid_sample(x, places, padding_mode="border", align_corners=True)
