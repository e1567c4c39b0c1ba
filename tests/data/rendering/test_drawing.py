from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.data.rendering.drawing import draw_ink
from crnn_deploy.data.rendering.fonts import find_families

pytest.importorskip("matplotlib", reason="the default fonts come with it")


def _draw(text: str, strength: float, seed: int) -> Image.Image:
    face = find_families((), "aZ09 ")[0][0]
    rng = np.random.default_rng(seed)
    return draw_ink(text, face.font(32, rng), strength, rng)


def _gaps(image: Image.Image) -> list[int]:
    """Widths of the runs of columns without ink between the first and the last ink."""
    box = image.getbbox() or (0, 0, 0, 0)
    inked = np.asarray(image.crop(box)).any(axis=0)
    return [len(run) for run in "".join("x" if c else " " for c in inked).split("x") if run]


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_the_ink_stays_inside_the_picture(strength: float) -> None:
    for seed in range(60):
        pixels = np.asarray(_draw("gAjy 19.90|", strength, seed))
        assert not pixels[[0, -1]].any()
        assert not pixels[:, [0, -1]].any()


def test_type_is_spaced_out_now_and_then_but_not_at_strength_zero() -> None:
    clean = {(_draw("TOTAL", 0, seed).getbbox() or (0,) * 4)[2] for seed in range(40)}
    widths = []
    for seed in range(80):
        left, _, right, _ = _draw("TOTAL", 1.0, seed).getbbox() or (0, 0, 0, 0)
        widths.append(right - left)
    usual = int(np.median(widths))
    assert max(clean) - min(clean) <= 20  # margins alone
    assert 1.2 * usual < max(widths) < 3 * usual
    assert sum(width == usual for width in widths) > 40


def test_tight_type_keeps_its_spaces() -> None:
    for seed in range(80):
        assert max(_gaps(_draw("ll ll", 1.0, seed))) >= 8


def test_a_lone_dash_is_no_bar() -> None:
    for seed in range(20):
        image = _draw("-", 1.0, seed)
        _, top, _, bottom = image.getbbox() or (0, 0, 0, 0)
        assert bottom - top < 0.3 * image.height
