"""Images as tensors."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image


class ToTensor:
    """From a grey image to `[1, H, W]`, from 0 to 1."""

    def __call__(self, image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.asarray(image, np.float32) / np.float32(255))[None]
