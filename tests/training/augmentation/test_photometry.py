from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from crnn_deploy.training.augmentation.photometry import (
    HARSH,
    Effect,
    add_noise,
    blur,
    cut_out,
    expose,
    invert,
    light_unevenly,
    lower_resolution,
    sharpen,
    weigh_ink,
)

LINE = Image.new("L", (120, 32), 230)
ImageDraw.Draw(LINE).text((10, 4), "Total 1.90", fill=40, font_size=20)
SEEDS = range(30)


def _results(effect: Effect, image: Image.Image = LINE, strength: float = 1.0) -> list[np.ndarray]:
    return [np.asarray(effect(image, strength, np.random.default_rng(seed)), float) for seed in SEEDS]


def _sharpness(pixels: np.ndarray) -> float:
    return float(abs(np.diff(pixels, axis=0)).mean() + abs(np.diff(pixels, axis=1)).mean())


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("effect", [effect for _, effect in HARSH], ids=lambda effect: effect.__name__)
def test_effects_keep_size_and_mode(effect: Effect, mode: str) -> None:
    for seed in SEEDS:
        changed = effect(LINE.convert(mode), 2.0, np.random.default_rng(seed))
        assert (changed.size, changed.mode) == (LINE.size, mode)


def test_ink_gets_both_thicker_and_thinner() -> None:
    means = [pixels.mean() for pixels in _results(weigh_ink)]
    assert min(means) < np.asarray(LINE).mean() - 1
    assert max(means) > np.asarray(LINE).mean() + 1


def test_blur_and_low_resolution_soften_and_sharpening_sharpens() -> None:
    before = _sharpness(np.asarray(LINE, float))
    assert all(_sharpness(pixels) < before for pixels in _results(blur))
    assert np.mean([_sharpness(pixels) for pixels in _results(lower_resolution)]) < before
    assert all(_sharpness(pixels) > before for pixels in _results(sharpen))


def test_uneven_light_only_dims_and_keeps_the_contrast_of_ink_to_paper() -> None:
    before = np.asarray(LINE, float)
    for pixels in _results(light_unevenly):
        assert (pixels <= before).all()
        assert pixels.std(axis=0)[20:100].max() > 20
    assert min(pixels.min(axis=0).mean() for pixels in _results(light_unevenly)) < before.min(axis=0).mean()


def test_patches_are_smaller_than_a_character() -> None:
    for pixels in _results(cut_out, strength=2.0):
        changed = pixels != np.asarray(LINE, float)
        assert changed.mean() < 0.02
        assert changed.any(axis=0).sum() <= 3 * 6


def test_inversion_inverts() -> None:
    assert np.array_equal(_results(invert)[0], 255 - np.asarray(LINE, float))


def test_exposure_brightens_and_darkens_in_the_order_of_tones() -> None:
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (32, 1)))
    results = _results(expose, ramp)
    assert all((np.diff(pixels[0]) >= 0).all() for pixels in results)
    assert min(pixels.mean() for pixels in results) < 110
    assert max(pixels.mean() for pixels in results) > 145


def test_noise_grows_with_the_strength() -> None:
    paper = Image.new("L", (120, 32), 128)
    weak, strong = (np.mean([p.std() for p in _results(add_noise, paper, strength)]) for strength in (0.5, 2.0))
    assert weak * 3 < strong < 16
