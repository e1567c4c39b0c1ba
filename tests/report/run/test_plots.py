from __future__ import annotations

import re
from itertools import combinations

import pytest

from crnn_deploy.report.canvas import new_figure
from crnn_deploy.report.run.plots import latencies, sizes
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.scatter import accuracy_against_latency
from crnn_deploy.report.run.scatter_labels import place_labels


def labels(svg: str | None) -> list[str]:
    """What is written in a plot."""
    assert svg is not None
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_a_name_with_dollars_is_not_read_as_mathematics(report: Report) -> None:
    named = report.baseline.model_copy(update={"name": r"$\frac$"})
    changed = report.model_copy(update={"variants": (named, *report.variants[1:])})
    for svg in (accuracy_against_latency(changed), sizes(changed), latencies(changed)):
        assert any(r"$\frac$" in label for label in labels(svg))


@pytest.mark.parametrize("spread", [1.0, 1.05, 1.5])
def test_labels_of_close_points_do_not_overlap(spread: float) -> None:
    grid = new_figure(400, 300)[1]
    axes = grid[0, 0]
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    points = [(20 * spread**step, 50.0) for step in range(4)]
    place_labels(axes, points, [f"a variant {i}" for i in range(4)], ["normal"] * 4, "black", [])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    figure_box = axes.get_window_extent()
    assert all(figure_box.x0 <= box.x0 and box.x1 <= figure_box.x1 for box in boxes)


def test_a_variant_without_both_figures_is_left_out_of_the_scatter(report: Report) -> None:
    unread = report.variants[2].model_copy(update={"accuracy": None})
    untimed = report.variants[3].model_copy(update={"latency": ()})
    partly = report.model_copy(update={"variants": (report.baseline, unread, untimed)})
    drawn = set(labels(accuracy_against_latency(partly)))
    assert "baseline" in drawn
    assert not {unread.name, untimed.name} & drawn
    assert {unread.name, untimed.name} <= set(labels(sizes(partly)))


def test_nothing_is_drawn_where_nothing_was_measured(bare: Report) -> None:
    assert accuracy_against_latency(bare) is None
    assert latencies(bare) is None
