"""Models whose answers depend on known pixels only, as sessions and as PyTorch networks."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import ModelSpec

SIDE = 24
CORNER = (slice(2, 8), slice(14, 20))
"""Rows and columns that the classifier looks at: bright ones make it say "corner"."""

PLAIN = {"mean": (0.0,), "std": (1.0,)}
CLASSES = ModelSpec(
    name="corners",
    task="classify",
    class_names=("corner", "none"),
    preprocessing=Preprocessing(height=SIDE, width=SIDE, **PLAIN),
)
SIGNED = CLASSES.model_copy(
    update={"preprocessing": Preprocessing.model_validate({"height": SIDE, "width": SIDE, "vector": ["sign"], **PLAIN})}
)
STEP, HEIGHT = 4, 20
"""Columns of a frame, which are those that one window of an occlusion hides, and rows of a line."""
LINES = ModelSpec(
    name="inks",
    charset=("a", "b"),
    preprocessing=Preprocessing(height=HEIGHT, width_multiple=STEP, max_width=128, **PLAIN),
)


class Corner(nn.Module):
    """`[N, 1, 24, 24]` → `[N, 2]`: the mean of the corner against a threshold."""

    def forward(self, x: Tensor) -> Tensor:
        bright = x[:, 0, CORNER[0], CORNER[1]].mean((1, 2))
        return 10 * torch.stack([bright, torch.full_like(bright, 0.5)], 1)


class SignedCorner(Corner):
    """The same, with a vector `[N, 1]` that turns the answer round where it is below 0."""

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        bright, threshold = super().forward(x).unbind(1)
        margin = vector[:, 0] * (bright - threshold)
        return torch.stack([margin, -margin], 1)


class Inks(nn.Module):
    """`[N, 1, 20, W]` → `[N, W/4, 3]`: black columns are "a", grey ones "b", white ones nothing."""

    def forward(self, x: Tensor) -> Tensor:
        grey = x[:, 0].mean(1).unflatten(1, (-1, STEP)).mean(2)
        return -20 * torch.stack([(grey - level).abs() for level in (1.0, 0.0, 0.5)], 2)


def session(model: nn.Module, spec: ModelSpec) -> TorchSession:
    return TorchSession(model.eval(), spec)


def bright_picture(seed: int = 0) -> Image.Image:
    """A dark noisy square whose corner is bright, and so is another part that the classifier does not see."""
    pixels = np.random.default_rng(seed).integers(0, 40, (SIDE, SIDE)).astype(np.uint8)
    pixels[CORNER] = 230
    pixels[16:22, 2:8] = 230
    return Image.fromarray(pixels)


def line(inks: dict[int, int], width: int, height: int = HEIGHT) -> Image.Image:
    """A white line with ink of a grey level in the four columns that begin at each key."""
    image = Image.new("L", (width, height), 255)
    for left, level in inks.items():
        ImageDraw.Draw(image).rectangle((left, 0, left + STEP - 1, height - 1), fill=level)
    return image
