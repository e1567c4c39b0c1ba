"""The report of a quantization for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from crnn_deploy.escaping import visible
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.report.quantization.figures import (
    MOST_TENSORS,
    machine_load,
    placements,
    sensitivity_table,
    tensors_table,
    trials_table,
    verdict,
    worst_tensors,
)
from crnn_deploy.report.rich_tables import grid, ruled_table, section
from crnn_deploy.report.tables import Table

MOST_LAYERS = 10
_LEAST_WIDTH = 10  # of a column in characters, so that names don't break into syllables
MOST_NAMES = 3


def quantization_tables(record: QuantizationRecord) -> RenderableType:
    """The verdict, then what was tried and measured; fits 80 columns.

    All text goes through `Text`, so names of layers cannot inject console markup.
    """
    mark, style = _mark(record)
    parts: list[RenderableType] = [Text.assemble((f"{mark} ", style), (visible(verdict(record)), "bold"))]
    if told := machine_load(record):
        parts.append(Text(told, "yellow"))
    if len(record.trials) > 1:
        parts += section("Calibrators, with every layer in INT8 that may be", _rich(trials_table(record)))
    if record.sensitivity:
        parts += section("Cost of each layer alone in INT8", _rich(sensitivity_table(record), MOST_LAYERS))
    if floats := placements(record, "fp32"):
        parts += section("Layers in FP32", _floats(floats))
    if tensors := worst_tensors(record):
        parts += section("Ranges that deserve a look", _rich(tensors_table(tensors), MOST_TENSORS))
    return Group(*parts)


def _mark(record: QuantizationRecord) -> tuple[str, str]:
    if record.rejected is not None:
        return "✗ Rejected:", "bold red"
    return ("!", "bold yellow") if record.reservation else ("✓", "bold green")


def _rich(content: Table, most: int | None = None) -> RichTable:
    """The first `most` rows and how many more there are. Figures are not broken, the first column folds."""
    table = ruled_table()
    for index, column in enumerate(content.columns):
        figure = index in content.numeric
        longest = max(len(cell.line) for cell in (column, *(row[index] for row in content.rows)))
        table.add_column(
            Text(column.line, "dim"),
            justify="right" if figure else "left",
            overflow="fold",
            no_wrap=figure,
            min_width=min(longest, _LEAST_WIDTH),
        )
    for row in content.rows[:most]:
        table.add_row(*(Text(cell.line) for cell in row))
    if most is not None and len(content.rows) > most:
        table.add_row(Text(f"and {len(content.rows) - most} more", "dim"))
    return table


def _floats(groups: list[tuple[str, str, list[str]]]) -> RichTable:
    rows = []
    for kind, reason, names in groups:
        more = f", and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        listed = (", ".join(map(visible, names[:MOST_NAMES])) + more, "dim")
        rows.append((Text(kind), Text.assemble(reason, "\n" if reason else "", listed)))
    return grid(*rows)
