"""Means of an epoch, and of its last steps."""

from __future__ import annotations

import pytest

from crnn_deploy.training.figures import Averages


def test_a_figure_is_averaged_over_the_steps_that_had_it() -> None:
    figures = Averages()
    figures.add({"loss": 3.0, "frame-kl": 1.0})
    figures.add({"loss": 1.0})
    assert figures.means() == {"loss": 2.0, "frame-kl": 1.0}


def test_averages_go_on_from_their_values() -> None:
    first = Averages()
    first.add({"loss": 4.0})
    again = Averages(first.values)
    again.add({"loss": 2.0})
    assert again.means() == {"loss": 3.0}


def test_the_status_looks_at_the_last_steps() -> None:
    figures = Averages()
    for _ in range(100):
        figures.add({"loss": 1000.0})
    for _ in range(50):
        figures.add({"loss": 1.25})
    assert figures.recent() == "loss 1.250"


@pytest.mark.parametrize(
    ("agreement", "told"), [(0.5, "loss 2.000, spikes agree 50%"), (0.0, "loss 2.000, spikes agree 0%")]
)
def test_the_status_tells_the_agreement_of_spikes(agreement: float, told: str) -> None:
    figures = Averages()
    figures.add({"loss": 2.0, "spike_agreement": agreement})
    assert figures.recent() == told
