"""What a network is trained on is what it sees later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.training.pixels import PixelBatch

SEEN: list[dict[str, Any]] = [
    {},
    {"invert": True, "padding": "edge", "margin": 3},
    {"channels": "RGB", "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "padding": "mean"},
    {"normalise": "image", "invert": True, "padding": "black", "pad_to": 40},
    {"width": 30, "clips": {}, "channels": "RGB"},
    {"width": 30, "clips": {}, "normalise": "image"},
]


@pytest.mark.parametrize("fields", SEEN, ids=str)
def test_pixels_become_the_numbers_that_the_preprocessor_makes(fields: dict[str, Any]) -> None:
    seen = Preprocessing.model_validate({"height": 8, "width_multiple": 4, **fields})
    preprocessor = Preprocessor(seen)
    rng = np.random.default_rng(0)
    stills = () if seen.clips is None else (3,)
    images = [
        rng.integers(0, 256, (*stills, 8, seen.width or width, seen.channel_count), np.uint8) for width in (17, 30, 9)
    ]
    widest = max(seen.with_padding(image.shape[-2]) for image in images)
    batch = PixelBatch.of(images, preprocessor)
    expected = torch.from_numpy(np.stack([preprocessor.tensor(image, widest) for image in images]))
    assert batch.levels.dtype == torch.uint8
    assert len(batch) == 3
    assert torch.equal(batch.normalised(), expected)


def test_channels_of_pictures_come_last_in_memory() -> None:
    preprocessor = Preprocessor(Preprocessing(height=8, width=8, channels="RGB"))
    batch = PixelBatch.of([np.zeros((8, 8, 3), np.uint8)] * 2, preprocessor)
    assert batch.normalised().is_contiguous(memory_format=torch.channels_last)
