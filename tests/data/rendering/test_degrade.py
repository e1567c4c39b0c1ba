from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.data.rendering.degrade import degrade

INK = Image.new("L", (160, 40))
INK.paste(255, (20, 8, 140, 32))


def _tones(strength: float, seed: int) -> tuple[float, float]:
    """Grey level of the ink and of the paper around it."""
    picture = np.asarray(degrade(INK, strength, np.random.default_rng(seed)), float)
    paper = np.concatenate([picture[4:36, 11:15], picture[4:36, 145:149]], axis=1)
    return float(np.median(picture[14:26, 30:130])), float(np.median(paper))


def test_strength_zero_is_black_on_white() -> None:
    for seed in range(10):
        assert np.array_equal(np.asarray(degrade(INK, 0, np.random.default_rng(seed))), 255 - np.asarray(INK))


def test_size_stays_and_the_seed_decides() -> None:
    first, second, other = (degrade(INK, 1.0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.size == INK.size
    assert first.tobytes() == second.tobytes() != other.tobytes()


@pytest.mark.parametrize(("strength", "least"), [(0.5, 45.0), (1.0, 4.0)])
def test_ink_stands_out_from_the_paper(strength: float, least: float) -> None:
    contrasts = [abs(ink - paper) for ink, paper in (_tones(strength, seed) for seed in range(200))]
    assert min(contrasts) > least
    assert max(contrasts) > 200


def test_paper_is_white_grey_or_dark() -> None:
    papers = np.array([_tones(1.0, seed)[1] for seed in range(300)])
    assert (papers > 235).mean() > 0.2
    assert (papers < 200).mean() > 0.2
    assert 0.01 < (papers < 90).mean() < 0.2  # light on dark


def test_faint_ink_occurs_at_the_worst_only() -> None:
    faintest = {
        strength: min(1 - ink / paper for ink, paper in (_tones(strength, s) for s in range(200)) if paper > ink)
        for strength in (0.5, 1.0)
    }
    assert faintest[1.0] < 0.3 < 0.45 < faintest[0.5]
