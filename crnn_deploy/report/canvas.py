"""Figures as inline SVG, in the colours of the page's style sheet.

Plots are drawn in the colours of the light theme; each colour is then replaced by the CSS variable of the same name, so
that one SVG works in light and dark. Colour-blind readers can distinguish blue, orange and grey, and the markers differ
too; violet bars, of variants that did not run, have dashed outlines.
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
    """A transparent figure with a size in points, and the array `[rows, columns]` of its axes."""
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
    """Lay out text of any script without warnings: matplotlib may lack glyphs, but the browser draws the text."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def to_svg(figure: Any, name: str, title: str) -> str:
    """The figure as an `<svg>` element: with CSS colours, no addresses, unique ids, and the same bytes every time.

    Args:
        name: what its ids begin with.
        title: what it shows, for those who cannot see it; plain text of our own.
    """
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}), any_script():
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = buffer.getvalue()
    tag, body = svg[svg.index("<svg") :].split(">", 1)
    view = re.search(r'viewBox="[^"]*"', tag)
    label = f'role="img" aria-labelledby="{name}-title"'
    svg = f'<svg {view.group() if view else ""} {label}>\n<title id="title">{title}</title>{body}'
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    for variable, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg
