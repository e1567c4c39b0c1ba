"""The curves of a training as inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crnn_deploy.report.canvas import COLOURS, new_figure, to_svg
from crnn_deploy.report.run.plots import TITLE, WIDE
from crnn_deploy.report.run.report import TrainingPoint

HEIGHT = 200  # in points
_MANY = 40  # epochs; from here on they are not marked one by one
_PARTS = ("rejected", "unproven", "muted", "passed", "baseline")  # colours of the parts of the loss, then again dashed


@dataclass(frozen=True)
class Curve:
    """`points` are pairs of epoch and value."""

    name: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """Curves that share an axis; the first one matters most."""

    title: str
    curves: list[Curve]
    highest: float | None = None

    @property
    def drawn(self) -> list[Curve]:
        return [curve for curve in self.curves if curve.points]


def training_curves(points: tuple[TrainingPoint, ...]) -> str | None:
    """The loss and its parts, the validation error and the spike agreement by epoch, side by side.

    What was not measured is left out. None for fewer than two points.
    """
    if len(points) < 2:
        return None
    panels = [panel for panel in _panels(points) if panel.drawn]
    figure, grid = new_figure(WIDE, HEIGHT, 1, len(panels))
    rounded = [point.epoch for point in points if point.quantized]
    for axes, panel in zip(grid.flat, panels, strict=True):
        _draw(axes, panel)
        if rounded:
            _shade(axes, rounded[0] - 0.5, rounded[-1])
    return to_svg(figure, "training", f"{', '.join(panel.title for panel in panels)} by epoch")


def _panels(points: tuple[TrainingPoint, ...]) -> list[Panel]:
    parts = dict.fromkeys(name for point in points for name in point.losses)
    losses = [_curve(part, [(point.epoch, point.losses.get(part)) for point in points]) for part in parts]
    total = _curve("sum", [(point.epoch, point.loss) for point in points])
    errors = _curve("", [(point.epoch, _percent(point.validation_error)) for point in points])
    agreement = _curve("", [(point.epoch, _percent(point.spike_agreement)) for point in points])
    return [
        Panel("Training loss", [total, *losses] if len(losses) > 1 else [total]),
        Panel("Validation error, %", [errors]),
        Panel("Spike agreement, %", [agreement], highest=100),
    ]


def _curve(name: str, values: list[tuple[float, float | None]]) -> Curve:
    """A curve through what was measured."""
    return Curve(name, [(epoch, value) for epoch, value in values if value is not None])


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _shade(axes: Any, first: float, last: float) -> None:
    """Mark the epochs with the rounding of INT8."""
    axes.axvspan(first, last, color=COLOURS["rule"], alpha=0.5, linewidth=0, zorder=0)
    place, style = axes.get_xaxis_transform(), {"color": COLOURS["muted"], "fontsize": 8, "va": "top"}
    axes.annotate("INT8", (first, 0.98), xycoords=place, xytext=(3, 0), textcoords="offset points", **style)


def _draw(axes: Any, panel: Panel) -> None:
    main, *parts = panel.drawn
    dot = 3 if len(main.points) < _MANY else 0
    strong = {"color": COLOURS["shipped"], "linewidth": 1.8, "marker": "o", "markersize": dot, "zorder": 3}
    axes.plot(*zip(*main.points, strict=True), label=main.name, **strong)
    for index, part in enumerate(parts):
        repeats, colour = divmod(index, len(_PARTS))
        style = {"color": COLOURS[_PARTS[colour]], "linewidth": 1.3, "linestyle": "--" if repeats else "-"}
        axes.plot(*zip(*part.points, strict=True), label=part.name, **style)
    axes.set_title(panel.title, **TITLE)
    axes.set_xlabel("Epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylim(0, panel.highest)
    axes.grid(True, axis="y", color=COLOURS["rule"])
    if parts:
        legend = axes.legend(frameon=False, fontsize=8, handlelength=1.6, loc="best")
        for text in legend.get_texts():
            text.set(color=COLOURS["muted"], parse_math=False)
