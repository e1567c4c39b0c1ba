"""Augmentation of lines of text, as by printers, scanners, cameras and inexact crops.

Beside an even stretch, nothing moves by more than 2 pixels along the line. So the teacher's frames for the original
line stay valid after they are resampled to the new width.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from cv2.typing import MatLike

from crnn_deploy.training.augmentation.geometry import warp
from crnn_deploy.training.augmentation.photometry import GENTLE, HARSH
from crnn_deploy.training.augmentation.pictures import Pixels

cv2.setNumThreads(0)  # for images of a line, waiting for the other threads takes longer than the work

_WIDEST = 28_000  # pixels; OpenCV warps at most 32,766, and strength 2 may stretch a line by a sixth


class Augmentation:
    """Distorts lines `[H, W, C]` with random strength up to `strength`.

    Each step is done for all lines of a batch before the next one begins: its code is in the processor's caches then,
    which saves a third of the time. A line depends on its own random numbers alone.

    Lines of more than 28,000 pixels of width stay as they are.

    Args:
        strength: 0 leaves images unchanged, 1 is moderate, 2 is strong.
        keep_width: for networks of a fixed width, whose lines may show a single symbol: they keep their width, and get
            only those effects that keep every shape complete.
    """

    def __init__(self, strength: float, keep_width: bool) -> None:
        self.strength = strength
        self.keep_width = keep_width
        self._effects = GENTLE if keep_width else HARSH

    def __call__(self, lines: Sequence[Pixels], rngs: Sequence[np.random.Generator]) -> list[Pixels]:
        chosen = [i for i, line in enumerate(lines) if self.strength > 0 and line.shape[1] <= _WIDEST]
        images = {i: self._warped(lines[i], rngs[i]) for i in chosen}
        draws = {i: rngs[i].random(len(self._effects)).tolist() for i in chosen}
        for number, (chance, effect) in enumerate(self._effects):
            for i in chosen:
                if draws[i][number] < chance * self.strength:
                    images[i] = effect(images[i], self.strength, rngs[i])
        distorted = {i: np.asarray(image, np.uint8).reshape(*image.shape[:2], -1) for i, image in images.items()}
        return [distorted.get(i, line) for i, line in enumerate(lines)]

    def _warped(self, line: Pixels, rng: np.random.Generator) -> MatLike:
        _, width, channels = line.shape
        return warp(
            line.squeeze(-1) if channels == 1 else line,
            width if self.keep_width else max(8, round(width * self._stretch(rng))),
            self.strength / 2 if self.keep_width else self.strength,
            rng,
        )

    def _stretch(self, rng: np.random.Generator) -> float:
        return 1 + 0.08 * self.strength * (2 * rng.random() - 1)
