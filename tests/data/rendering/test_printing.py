from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from crnn_deploy.data.rendering.printing import (
    NARROWEST,
    WIDEST,
    add_surroundings,
    crop_tightly,
    print_dots,
    print_ink,
    smear,
    stretch,
    thin,
    wear,
)

INK = Image.new("L", (200, 40))
ImageDraw.Draw(INK).text((10, 6), "Total 19.90", fill=255, font_size=30)
CAPITAL = 21.0
SEEDS = range(60)


def _coverage(image: Image.Image) -> float:
    return float(np.asarray(image, float).mean())


def test_strength_zero_leaves_the_ink_as_it_is() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        assert print_ink(INK, CAPITAL, 0, rng).tobytes() == INK.tobytes()
        assert add_surroundings(INK, 0, rng).tobytes() == INK.tobytes()
        assert crop_tightly(INK, 0, rng).tobytes() == INK.tobytes()


def test_the_same_seed_gives_the_same_print() -> None:
    first, second, other = (print_ink(INK, CAPITAL, 1, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.tobytes() == second.tobytes() != other.tobytes()


def test_print_is_mostly_near_its_own_width_and_never_beyond_the_bounds() -> None:
    shares = np.array([print_ink(INK, CAPITAL, 1, np.random.default_rng(s)).width / INK.width for s in range(300)])
    assert shares.min() >= NARROWEST - 0.01
    assert shares.max() <= WIDEST + 0.01
    assert 0.5 < (abs(shares - 1) <= 0.2).mean() < 0.9
    assert shares.min() < 0.7
    assert shares.max() > 1.6


def test_stretching_keeps_the_height() -> None:
    assert stretch(INK, 1.5).size == (300, 40)


def test_dots_are_black_or_white_cells() -> None:
    rng = np.random.default_rng(2)
    dots = print_dots(INK, 20, round_dots=False, rng=rng)
    assert dots.size == INK.size
    cells = np.asarray(dots.resize((100, 20), Image.Resampling.BOX))
    assert ((cells < 90) | (cells > 165)).mean() > 0.8


def test_round_dots_leave_gaps_between_them() -> None:
    solid = Image.new("L", (160, 160), 255)
    dots = np.asarray(print_dots(solid, 20, round_dots=True, rng=np.random.default_rng(0)), float)
    centres, corners = dots[4::8, 4::8], dots[0::8, 0::8]
    assert centres.mean() > corners.mean() + 60


def test_smear_adds_ink_and_thinning_and_wear_take_some() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        assert _coverage(smear(INK, 0.8, rng)) > _coverage(INK)
        assert _coverage(thin(INK, 0.8)) < _coverage(INK)
        worn = wear(INK, 1.0, rng)
        assert (np.asarray(worn) <= np.asarray(INK)).all()
        assert _coverage(worn) > 0.3 * _coverage(INK)  # something must be left to read


def test_surroundings_keep_the_line_and_add_ink_above_or_below() -> None:
    added = [add_surroundings(INK, 1.0, np.random.default_rng(seed)) for seed in range(100)]
    taller = [image for image in added if image.height > INK.height]
    assert 15 < len(taller) < 50
    for image in taller:
        assert image.width == INK.width
        assert image.height <= 1.4 * INK.height
        line = np.asarray(INK)
        offsets = range(image.height - INK.height + 1)
        assert any((np.asarray(image)[o : o + INK.height] >= line).all() for o in offsets)
        assert np.asarray(image)[[0, 1, 2, -3, -2, -1]].any()
    ruled = [image for image in added if (np.asarray(image).min(axis=1) > 0).any()]
    assert 3 < len(ruled) < 25


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_tight_crops_cut_a_pixel_or_two_of_the_ink_and_none_of_its_sides(strength: float) -> None:
    left, top, right, bottom = INK.getbbox() or (0, 0, 0, 0)
    cropped = [crop_tightly(INK, strength, np.random.default_rng(seed)) for seed in range(100)]
    assert 5 < sum(image.height < INK.height for image in cropped) < 60
    assert min(image.height for image in cropped) >= bottom - top - 4
    assert min(image.width for image in cropped) >= right - left - 2


def test_a_lone_dash_keeps_its_place_on_the_line() -> None:
    dash = Image.new("L", (30, 40))
    ImageDraw.Draw(dash).rectangle((8, 20, 22, 22), fill=255)
    assert {crop_tightly(dash, 1.0, np.random.default_rng(seed)).height for seed in SEEDS} == {40}
