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


class Augmentation:
    """Distorts lines `[H, W, C]` with random strength up to `strength`.

    Each step is done for all lines of a batch before the next one begins: its code is in the processor's caches then,
    which saves a third of the time. A line depends on its own random numbers alone.

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
        if self.strength == 0:
            return list(lines)
        images = [self._warped(line, rng) for line, rng in zip(lines, rngs, strict=True)]
        draws = [rng.random(len(self._effects)).tolist() for rng in rngs]
        for number, (chance, effect) in enumerate(self._effects):
            for i, rng in enumerate(rngs):
                if draws[i][number] < chance * self.strength:
                    images[i] = effect(images[i], self.strength, rng)
        return [np.asarray(image, np.uint8).reshape(*image.shape[:2], -1) for image in images]

    def _warped(self, line: Pixels, rng: np.random.Generator) -> MatLike:
        _, width, channels = line.shape
        return warp(
            line.squeeze(-1) if channels == 1 else line,
            width if self.keep_width else max(8, round(width * self._stretch(rng))),
            self.strength / 2 if self.keep_width else self.strength,
            rng,
        )

    def _stretch(self, rng: np.random.Generator) -> float:
        return float(1 + 0.08 * self.strength * rng.uniform(-1, 1))
