"""Figures that become inline SVG, in colours that the page's style sheet decides.

Plots are drawn in the light theme's colours; each is then replaced by the CSS variable of the same name, so that one
SVG serves light and dark. Blue, orange and grey stay apart for colour-blind readers, and markers differ too; so do
violet bars, of what did not run, by their dashed outlines.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from typing import Any

COLOURS = {
    "ink": "#1b2430",
    "muted": "#5e6b7a",
    "rule": "#dde3ea",
    "card": "#fdfefe",
    "baseline": "#8d99a8",
    "passed": "#86b6e8",
    "shipped": "#0f62c4",
    "rejected": "#d9640f",
    "unproven": "#7a52c4",
}

POINTS_PER_INCH = 72


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Any, Any]:
    """A transparent figure of the given size in points, and the array `[rows, columns]` of its axes."""
    from matplotlib.figure import Figure

    figure = Figure((width / POINTS_PER_INCH, height / POINTS_PER_INCH), dpi=POINTS_PER_INCH, layout="constrained")
    figure.patch.set_alpha(0)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.patch.set_alpha(0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(COLOURS["rule"])
        axes.tick_params(colors=COLOURS["muted"], labelsize=8.5, length=0)
        axes.xaxis.label.set(color=COLOURS["muted"], size=8.5)
        axes.yaxis.label.set(color=COLOURS["muted"], size=8.5)
        axes.set_axisbelow(True)
    return figure, grid


@contextlib.contextmanager
def any_script() -> Iterator[None]:
    """Lay out text of any script: without its glyphs widths are guessed; the browser draws it, in fonts of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def to_svg(figure: Any, name: str) -> str:
    """The figure as an `<svg>` element: themed, without addresses, with ids of its own, the same every time."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}), any_script():
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = buffer.getvalue()
    tag, body = svg[svg.index("<svg") :].split(">", 1)
    view = re.search(r'viewBox="[^"]*"', tag)
    svg = f"<svg {view.group() if view else ''}>{body}"
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    for variable, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg
