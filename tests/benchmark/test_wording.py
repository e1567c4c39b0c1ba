from __future__ import annotations

import pytest

from crnn_deploy.benchmark.undisturbed import Speedup
from crnn_deploy.benchmark.wording import disturbance, speedup_interval


@pytest.mark.parametrize(
    ("interrupted", "spread", "said"),
    [
        (0.0, 0.01, ""),
        (0.04, 0.049, ""),
        (None, 0.01, ""),
        (0.31, 0.01, "Busy machine: 31\u00a0% of the runs were interrupted; times are known to ±1\u00a0%."),
        (0.31, 0.001, "Busy machine: 31\u00a0% of the runs were interrupted; times are known to ±1\u00a0%."),
        (0.0, 0.2, "Times are known to ±20\u00a0%."),
        (None, 0.2, "Times are known to ±20\u00a0%."),
        (0.0, None, "There were too few rounds to judge."),
        (0.5, None, "Busy machine: 50\u00a0% of the runs were interrupted; there were too few rounds to judge."),
    ],
)
def test_only_a_busy_machine_or_a_wide_spread_is_told(
    interrupted: float | None, spread: float | None, said: str
) -> None:
    assert disturbance(interrupted, spread) == said


@pytest.mark.parametrize(
    ("speedup", "said"),
    [
        (Speedup(2.4, 2.311, 2.449), "2.31–2.45×"),
        (Speedup(12, 11.04, 13.51), "11.0–13.5×"),
        (Speedup(3), "interval unknown"),
    ],
)
def test_intervals_have_the_digits_that_count(speedup: Speedup, said: str) -> None:
    assert speedup_interval(speedup) == said
