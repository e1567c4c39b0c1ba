"""Sensitivity of layers and ranges of tensors as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from crnn_deploy.escaping import visible
from crnn_deploy.evaluation.primary_error import ERROR_LABELS
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.report.canvas import COLOURS, new_figure, to_svg
from crnn_deploy.report.quantization.figures import short, worst_tensors
from crnn_deploy.report.run.plots import TITLE, WIDE

ROOMY, DENSE = 13, 10  # heights of a row in points
MANY = 40  # rows; from this number on they are dense, with an axis at both ends
FRAME = 62  # titles and axes
LONGEST_NAME = 44  # characters
MOST_LAYERS = 60


def sensitivity(record: QuantizationRecord) -> str | None:
    """Change of the error with its interval beside the noise, for the most sensitive layers. None without figures."""
    entries = record.sensitivity[:MOST_LAYERS]
    if not entries:
        return None
    floats = {layer.layer for layer in record.layers if layer.precision == "fp32"}
    colours = [COLOURS["rejected" if entry.layer in floats else "shipped"] for entry in entries]
    figure, grid = new_figure(WIDE, _height(len(entries)), 1, 2)
    change, noise = grid[0]
    _rows(change, [short(entry.layer) for entry in entries])
    _rows(noise, [""] * len(entries))
    for row, (entry, colour) in enumerate(zip(entries, colours, strict=True)):
        rise = entry.comparison.difference
        change.plot([100 * rise.low, 100 * rise.high], [row, row], color=COLOURS["ink"], linewidth=1, zorder=3)
        change.barh(row, 100 * rise.delta, height=0.62, color=colour)
        noise.barh(row, entry.comparison.noise_db, height=0.62, color=colour)
    change.axvline(0, color=COLOURS["muted"], linewidth=1)
    change.set_title(f"Change of {ERROR_LABELS[record.figure]}, points", **TITLE)
    noise.set_title("Signal over noise, dB", **TITLE)
    return to_svg(figure, "sensitivity", "Change of the error and noise by layer; the figures are below")


def ranges(record: QuantizationRecord) -> str | None:
    """The observed range of each tensor, thin, and the range that INT8 covers, thick. None without tensors."""
    tensors = record.tensors
    if not tensors:
        return None
    worst = set(worst_tensors(record))
    figure, grid = new_figure(WIDE, _height(len(tensors)))
    axes = grid[0, 0]
    _rows(axes, [short(tensor.name) for tensor in tensors])
    for row, tensor in enumerate(tensors):
        colour = COLOURS["rejected" if tensor in worst else "shipped"]
        axes.plot([tensor.lowest, tensor.highest], [row, row], color=COLOURS["muted"], linewidth=1)
        axes.plot([tensor.low, tensor.high], [row, row], color=colour, linewidth=5, solid_capstyle="butt")
    _symmetric_log(axes, [bound for tensor in tensors for bound in (tensor.low, tensor.high)])
    return to_svg(figure, "ranges", "Ranges of tensors; the figures are below")


def _height(rows: int) -> float:
    return FRAME + rows * (ROOMY if rows < MANY else DENSE)


def _rows(axes: Any, names: Sequence[str]) -> None:
    """Named rows from the top down."""
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), [_shortened(name) for name in names], fontsize=7.5, parse_math=False)
    axes.spines["left"].set_visible(False)
    axes.grid(True, axis="x", color=COLOURS["rule"])
    axes.xaxis.set_tick_params(labeltop=len(names) >= MANY)


def _symmetric_log(axes: Any, bounds: Sequence[float]) -> None:
    """Linear up to a tenth of the median bound, logarithmic beyond."""
    from matplotlib.ticker import FuncFormatter

    sizes = sorted(abs(bound) for bound in bounds if bound) or [1.0]
    linear = 10.0 ** math.floor(math.log10(sizes[len(sizes) // 2] / 10))
    axes.set_xscale("symlog", linthresh=linear, linscale=0.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axes.axvline(0, color=COLOURS["muted"], linewidth=1, zorder=0)


def _shortened(name: str) -> str:
    shown = visible(name)
    return shown if len(shown) <= LONGEST_NAME else f"…{shown[1 - LONGEST_NAME :]}"
