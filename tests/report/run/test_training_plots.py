"""The curves of a training: drawn where there is something to see, and old histories still load."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crnn_deploy.report.run.report import TrainingPoint
from crnn_deploy.report.run.training_plots import training_curves

OLD = [{"epoch": n, "loss": 1 / n, "validation_error": 0.3 / n} for n in range(1, 5)]


def drawn(history: list[dict[str, Any]]) -> str:
    svg = training_curves(tuple(TrainingPoint.model_validate(point) for point in history))
    assert svg is not None
    return svg


def labels(history: list[dict[str, Any]]) -> list[str]:
    """What is written in the plot, without the numbers at the axes."""
    return [text for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawn(history)) if not text[:1].isdigit()]


def test_an_old_history_has_its_two_panels() -> None:
    assert labels(OLD) == ["Epoch", "Training loss", "Epoch", "Validation error, %"]


def test_parts_of_the_loss_are_named_beside_their_sum() -> None:
    history = [point | {"losses": {"ctc": 0.5, "frames $x$": 0.25}} for point in OLD]
    assert labels(history)[2:5] == ["sum", "ctc", "frames $x$"]


def test_a_loss_of_one_part_is_drawn_once() -> None:
    assert labels([point | {"losses": {"ctc": point["loss"]}} for point in OLD]) == labels(OLD)


def test_a_part_that_starts_later_is_drawn_from_there() -> None:
    later = [*OLD[:2], *(point | {"losses": {"ctc": 0.5, "frames": 0.25}} for point in OLD[2:])]
    assert labels(later)[2:5] == ["sum", "ctc", "frames"]


def test_many_parts_stay_apart() -> None:
    parts = {f"part {n}": n / 10 for n in range(10)}
    styles = re.findall(
        r'<path [^>]*clip-path[^>]*style="([^"]*)"',
        drawn([{"epoch": n, "loss": 1.0, "losses": parts} for n in range(3)]),
    )
    curves = [style for style in styles if "--rule" not in style and "--shipped" not in style]
    assert len(curves) == len(set(curves)) == len(parts)


def test_spikes_get_a_panel_where_they_were_compared() -> None:
    assert "Spike agreement, %" in labels([*OLD[:-1], OLD[-1] | {"spike_agreement": 0.8}])


def test_the_validation_is_left_out_where_there_was_none() -> None:
    assert labels([{"epoch": n, "loss": 1.0} for n in range(3)]) == ["Epoch", "Training loss"]


def test_epochs_with_the_rounding_of_int8_are_marked() -> None:
    history = [*OLD, *(point | {"epoch": 4 + point["epoch"], "quantized": True} for point in OLD[:2])]
    assert labels(history).count("INT8") == 2  # in each panel
    assert "INT8" not in labels(OLD)


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_two_points_are_no_curve(count: int) -> None:
    assert training_curves(tuple(TrainingPoint.model_validate(point) for point in OLD[:count])) is None
