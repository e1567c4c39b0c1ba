from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from crnn_deploy.training.augmentation.photometry import (
    HARSH,
    Effect,
    _narrow_gaussian,
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

PICTURE = Image.new("L", (120, 32), 230)
ImageDraw.Draw(PICTURE).text((10, 4), "Total 1.90", fill=40, font_size=20)
LINE = np.asarray(PICTURE)
SEEDS = range(30)


def _results(effect: Effect, image: np.ndarray = LINE, strength: float = 1.0) -> list[np.ndarray]:
    return [effect(image, strength, np.random.default_rng(seed)).astype(float) for seed in SEEDS]


def _sharpness(pixels: np.ndarray) -> float:
    return float(abs(np.diff(pixels, axis=0)).mean() + abs(np.diff(pixels, axis=1)).mean())


@pytest.mark.parametrize("image", [LINE, np.stack([LINE, LINE // 2, LINE], axis=2)], ids=["grey", "colours"])
@pytest.mark.parametrize("effect", [effect for _, effect in HARSH], ids=lambda effect: effect.__name__)
def test_effects_keep_shape_and_type_and_their_input(effect: Effect, image: np.ndarray) -> None:
    before = image.copy()
    for seed in SEEDS:
        changed = effect(image, 2.0, np.random.default_rng(seed))
        assert (changed.shape, changed.dtype) == (image.shape, np.uint8)
    assert np.array_equal(image, before)


def test_ink_gets_both_thicker_and_thinner() -> None:
    means = [pixels.mean() for pixels in _results(weigh_ink)]
    assert min(means) < LINE.mean() - 1
    assert max(means) > LINE.mean() + 1


def test_blur_and_low_resolution_soften_and_sharpening_sharpens() -> None:
    before = _sharpness(LINE.astype(float))
    assert all(_sharpness(pixels) < before for pixels in _results(blur))
    assert np.mean([_sharpness(pixels) for pixels in _results(lower_resolution)]) < before
    assert all(_sharpness(pixels) > before for pixels in _results(sharpen))


def test_uneven_light_only_dims_and_keeps_the_contrast_of_ink_to_paper() -> None:
    before = LINE.astype(float)
    for pixels in _results(light_unevenly):
        assert (pixels <= before).all()
        assert pixels.std(axis=0)[20:100].max() > 20
    assert min(pixels.min(axis=0).mean() for pixels in _results(light_unevenly)) < before.min(axis=0).mean()


def test_patches_are_smaller_than_a_character() -> None:
    for pixels in _results(cut_out, strength=2.0):
        changed = pixels != LINE.astype(float)
        assert changed.mean() < 0.02
        assert changed.any(axis=0).sum() <= 3 * 6


def test_inversion_inverts() -> None:
    assert np.array_equal(_results(invert)[0], 255 - LINE.astype(float))


def test_exposure_brightens_and_darkens_in_the_order_of_tones() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (32, 1))
    results = _results(expose, ramp)
    assert all((np.diff(pixels[0]) >= 0).all() for pixels in results)
    assert min(pixels.mean() for pixels in results) < 110
    assert max(pixels.mean() for pixels in results) > 145


def test_noise_grows_with_the_strength() -> None:
    paper = np.full((32, 120), 128, np.uint8)
    weak, strong = (np.mean([p.std() for p in _results(add_noise, paper, strength)]) for strength in (0.5, 2.0))
    assert weak * 3 < strong < 16


def test_noise_is_normal_and_has_the_mean_of_the_paper() -> None:
    paper = np.full((64, 1000), 128, np.uint8)
    grain = max(_results(add_noise, paper, 2.0), key=np.std) - 128
    assert abs(grain.mean()) < 0.3
    assert 0.62 < (abs(grain) < grain.std()).mean() < 0.74
    assert abs(np.corrcoef(grain[:, 1:].ravel(), grain[:, :-1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("deviation", [0.3, 0.8, 1.3])
def test_the_kernel_of_a_blur_has_its_standard_deviation(deviation: float) -> None:
    kernel = _narrow_gaussian(deviation)
    assert kernel.sum() == pytest.approx(1)
    assert (kernel >= 0).all()
    assert (kernel * np.arange(-3, 4) ** 2).sum() == pytest.approx(deviation**2)
