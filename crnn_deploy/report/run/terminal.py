"""The report as a table for the terminal."""

from __future__ import annotations

from rich.console import Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crnn_deploy.escaping import visible
from crnn_deploy.report.rich_tables import ruled_table
from crnn_deploy.report.run.decision import SHIP, Decision, Use, decision
from crnn_deploy.report.run.engines import engines_summary, engines_table
from crnn_deploy.report.run.reading import reading_note, reading_table
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.summary import speed_footnote
from crnn_deploy.report.run.tables import variants_table
from crnn_deploy.report.tables import Cell
from crnn_deploy.report.tables import Table as Content

GATE_STYLES = {"baseline": "dim", "passed": "bold green", "rejected": "bold red", "unproven": "magenta"}
MARKS = {"baseline": "•", "passed": "✓", "rejected": "✗", "unproven": "○"}


def terminal_table(report: Report) -> RenderableType:
    """The decision, a row for each variant, then the reason of each gate, the notes, the engines, what reading costs,
    the advice, and how to use what ships.

    All text goes through `Text`, so names and readings cannot inject console markup.
    """
    decided = decision(report)
    parts: list[RenderableType] = [*_opening(decided), _table(report)]
    if footnote := speed_footnote(report):
        parts.append(_footnote(footnote))
    for variant in report.variants:
        if variant.gate.reason:
            status = variant.gate.status
            parts.append(_bullet(MARKS[status], variant.name, variant.gate.reason, GATE_STYLES[status]))
    parts += [_bullet("!", "note", note, "yellow") for note in report.notes]
    if report.engines:
        parts += [Text(), _plain(engines_table(report)), _footnote(engines_summary(report))]
    if (costs := reading_table(report)).rows:
        parts += [Text(), _plain(costs), _footnote(reading_note(report))]
    if report.advice:
        parts.append(_bullet("→", "next", report.advice, "cyan"))
    if decided.use is not None:
        parts += _use(decided.use)
    return Group(*parts)


def _opening(decided: Decision) -> list[RenderableType]:
    style = "bold green" if decided.verdict == SHIP else "bold red"
    first = Text.assemble((visible(decided.title), style), ". ", (visible(decided.reason), "bold"))
    return [first, *([Text(visible(decided.measured_on))] if decided.measured_on else []), Text()]


def _use(use: Use) -> list[RenderableType]:
    """What to copy, and the code and the command in lines of their own, so that they can be copied too."""
    parts: list[RenderableType] = [Text.assemble("\nCopy ", (visible(use.files), "bold"), " and read with it:\n")]
    parts += [Padding(Text("\n".join(map(visible, use.code))), (0, 0, 0, 2))]
    if use.command:
        parts += [Text("\nOr make a folder that reads without crnn-deploy:\n")]
        parts += [Padding(Text(visible(use.command)), (0, 0, 0, 2))]
    return parts


def _footnote(text: str) -> RenderableType:
    return Padding(Text(visible(text), "dim"), (0, 0, 1, 1))


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
        styles = [name, GATE_STYLES[variant.gate.status], *[""] * (len(row) - 2)]
        table.add_row(*map(_stacked, row, styles), end_section=True)
    return table


def _plain(content: Content) -> Table:
    table = ruled_table()
    for index, column in enumerate(content.columns):
        justify: JustifyMethod = "right" if index in content.numeric else "left"
        table.add_column(_stacked(column, "bold"), justify=justify, overflow="fold", no_wrap=index == 0)
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
