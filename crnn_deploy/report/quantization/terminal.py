"""The report of a quantization for the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.report.quantization.figures import (
    MOST_TENSORS,
    placements,
    sensitivity_table,
    tensors_table,
    trials_table,
    verdict,
    worst_tensors,
)
from crnn_deploy.report.run.tables import Cell, Table

MOST_LAYERS = 10
_LEAST_WIDTH = 10  # of a column in characters, so that names don't break into syllables
MOST_NAMES = 3


def quantization_tables(record: QuantizationRecord) -> RenderableType:
    """The verdict, then what was tried and measured; fits 80 columns.

    All text goes through `Text`, so names of layers cannot inject console markup.
    """
    mark, style = ("✓", "bold green") if record.rejected is None else ("✗ Rejected:", "bold red")
    parts: list[RenderableType] = [Text.assemble((f"{mark} ", style), (verdict(record), "bold"))]
    if len(record.trials) > 1:
        parts += _section("Calibrators, with every layer in INT8 that may be", _rich(trials_table(record)))
    if record.sensitivity:
        parts += _section("Cost of each layer alone in INT8", _rich(sensitivity_table(record), MOST_LAYERS))
    if floats := placements(record, "fp32"):
        parts += _section("Layers in FP32", _floats(floats))
    if tensors := worst_tensors(record):
        parts += _section("Ranges that deserve a look", _rich(tensors_table(tensors), MOST_TENSORS))
    return Group(*parts)


def _section(title: str, content: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold"), content]


def _rich(content: Table, most: int | None = None) -> RichTable:
    """The first `most` rows and how many more there are. Figures are not broken, the first column folds."""
    table = RichTable(box=box.HORIZONTALS, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="")
    for index, column in enumerate(content.columns):
        figure = index in content.numeric
        longest = max(len(_one_line(cell)) for cell in (column, *(row[index] for row in content.rows)))
        table.add_column(
            Text(_one_line(column), "dim"),
            justify="right" if figure else "left",
            overflow="fold",
            no_wrap=figure,
            min_width=min(longest, _LEAST_WIDTH),
        )
    for row in content.rows[:most]:
        table.add_row(*(Text(_one_line(cell)) for cell in row))
    if most is not None and len(content.rows) > most:
        table.add_row(Text(f"and {len(content.rows) - most} more", "dim"))
    return table


def _one_line(cell: Cell) -> str:
    return f"{cell.text} ({cell.detail})" if cell.detail else cell.text


def _floats(groups: list[tuple[str, str, list[str]]]) -> RichTable:
    grid = RichTable.grid(padding=(0, 2, 0, 0))
    for kind, reason, names in groups:
        more = f", and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        listed = (", ".join(names[:MOST_NAMES]) + more, "dim")
        grid.add_row(Text(kind), Text.assemble(reason, "\n" if reason else "", listed))
    return grid
