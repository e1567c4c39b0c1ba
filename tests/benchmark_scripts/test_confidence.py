"""`benchmarks/confidence.py`: the area under the curve, by its definition."""

from __future__ import annotations

import numpy as np
import pytest
from confidence import area


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 6, 40).astype(float)
    right = rng.random(40) < numbers / 6
    pairs = [(a > b) + (a == b) / 2 for a in numbers[right] for b in numbers[~right]]
    assert area(numbers, right) == pytest.approx(np.mean(pairs))
