"""The confusion matrix as inline SVG."""

from __future__ import annotations

from typing import Any

from crnn_deploy.escaping import visible
from crnn_deploy.report.canvas import COLOURS, new_figure, to_svg
from crnn_deploy.report.run.confusion import Confusion
from crnn_deploy.report.run.plots import WIDE

_CELL = 28  # points, at most
_LABEL = 5.2  # points for each character of a class name
_LONGEST = 16  # characters of a class name that are shown
_FAINTEST = 0.12  # opacity of a confusion that is rare
_DARK_BLUE, _DARK_ORANGE = 0.5, 0.8  # opacity from which on light figures are easier to read


def confusion_matrix(of: Confusion | None) -> str | None:
    """A row for each class, and a column for each reading; None if there is no matrix.

    Blue cells are right: the deeper, the larger their share of the row. Orange ones are wrong, and the deepest is the
    most frequent confusion.
    """
    if of is None or not of.counts:
        return None
    names = [_short(name) for name in of.classes]
    margin = 40 + _LABEL * max(map(len, names))
    cell = min(_CELL, (WIDE - margin) / len(names))
    figure, grid = new_figure(WIDE, margin + cell * len(names))
    axes = grid[0, 0]
    axes.set_anchor("W")
    _cells(axes, of.counts)
    ticks, upright = range(len(names)), all(len(name) <= 2 for name in names)
    axes.set_xticks(ticks, names, rotation=0 if upright else 90, parse_math=False)
    axes.set_yticks(ticks, names, parse_math=False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("taken for")
    axes.set_ylabel("class")
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_aspect("equal")
    return to_svg(figure, "confusion", "Images of each class, by what they were taken for")


def _cells(axes: Any, counts: tuple[tuple[int, ...], ...]) -> None:
    from matplotlib.patches import Rectangle

    most_wrong = max((n for i, row in enumerate(counts) for j, n in enumerate(row) if i != j), default=0)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            right = i == j
            share = count / max(1, sum(row) if right else most_wrong)
            depth = (_FAINTEST + (1 - _FAINTEST) * share) * 0.9 if count else 0.0
            colour = COLOURS["shipped" if right else "rejected"]
            face = {"facecolor": colour, "alpha": depth} if count else {"facecolor": "none"}
            axes.add_patch(Rectangle((j - 0.47, i - 0.47), 0.94, 0.94, linewidth=0, **face))
            if count:
                ink = COLOURS["card" if depth > (_DARK_BLUE if right else _DARK_ORANGE) else "ink"]
                axes.text(j, i, str(count), color=ink, fontsize=7.5, ha="center", va="center_baseline")


def _short(name: str) -> str:
    shown = visible(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
