"""The report as a table for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crnn_deploy.escaping import visible
from crnn_deploy.report.rich_tables import ruled_table
from crnn_deploy.report.run.engines import engines_summary, engines_table
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.summary import headline, speed_footnote
from crnn_deploy.report.run.tables import variants_table
from crnn_deploy.report.tables import Cell

GATE_STYLES = {"baseline": "dim", "passed": "bold green", "rejected": "bold red", "unproven": "magenta"}
MARKS = {"baseline": "•", "passed": "✓", "rejected": "✗", "unproven": "○"}


def terminal_table(report: Report) -> RenderableType:
    """Headline, a row for each variant, then the reason of each gate, the notes, the engines and the advice.

    All text goes through `Text`, so names and readings cannot inject console markup.
    """
    parts: list[RenderableType] = [Text(visible(headline(report)), style="bold"), _table(report)]
    if footnote := speed_footnote(report):
        parts.append(Padding(Text(visible(footnote), style="dim"), (0, 0, 1, 1)))
    for variant in report.variants:
        if variant.gate.reason:
            status = variant.gate.status
            parts.append(_bullet(MARKS[status], variant.name, variant.gate.reason, GATE_STYLES[status]))
    parts += [_bullet("!", "note", note, "yellow") for note in report.notes]
    if report.engines:
        parts += [Text(), _engines(report), Padding(Text(visible(engines_summary(report)), "dim"), (0, 0, 1, 1))]
    if report.advice:
        parts.append(_bullet("→", "next", report.advice, "cyan"))
    return Group(*parts)


def _table(report: Report) -> Table:
    content = variants_table(report)
    table = ruled_table()
    for index, column in enumerate(content.columns):
        # Figures stay whole, so that the table fits 80 columns by folding the first one alone.
        figure = index in content.numeric
        table.add_column(
            _stacked(column, "bold"), justify="right" if figure else "left", overflow="fold", no_wrap=index > 0
        )
    for variant, row in zip(report.variants, content.rows, strict=True):
        name = "bold" if variant.name == report.shipped.name else ""
        styles = [name, *[""] * (len(row) - 2), GATE_STYLES[variant.gate.status]]
        table.add_row(*map(_stacked, row, styles), end_section=True)
    return table


def _engines(report: Report) -> Table:
    content = engines_table(report)
    table = ruled_table()
    for index, column in enumerate(content.columns):
        table.add_column(_stacked(column, "bold"), overflow="fold", no_wrap=index == 0)
    for row in content.rows:
        table.add_row(*map(_stacked, row, ["dim", *[""] * (len(row) - 1)]))
    return table


def _stacked(cell: Cell, style: str) -> Text:
    text = Text(cell.text, style)
    return text.append(f"\n{cell.detail}", "not bold dim") if cell.detail else text


def _bullet(mark: str, name: str, text: str, style: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(f" {mark}", style), Text.assemble((visible(name), "bold"), f"  {visible(text)}"))
    return grid
