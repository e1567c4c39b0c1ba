"""A small line, encoded as any file, and what is seen of it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from crnn_deploy.data.picture import open_image, picture


def line(width: int = 40, height: int = 12) -> Image.Image:
    """A smooth grey picture without any symmetry, so that lossy formats keep it."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray((30 + 150 * across + 60 * down).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def seen(data: bytes, mode: str = "L") -> np.ndarray:
    return np.asarray(picture(open_image(data, "x.png"), "x.png", mode), np.int64)
