"""Explanations for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from crnn_deploy import units
from crnn_deploy.escaping import visible
from crnn_deploy.explaining.result import Explanation, Explanations
from crnn_deploy.report.explanation.figures import characters_table
from crnn_deploy.report.rich_tables import grid, ruled_table


def terminal_tables(explanations: Explanations) -> RenderableType:
    """Each image with what the model says of it and why.

    All text goes through `Text`, so names and readings cannot inject console markup.
    """
    return Group(*(part for each in explanations.explanations for part in _parts(each)))


def _parts(explanation: Explanation) -> Iterator[RenderableType]:
    text = visible(explanation.text) or "(nothing)"
    yield Text.assemble((text, "bold"), f"  {explanation.confidence:.3f}  ", (visible(explanation.path), "dim"))
    if explanation.choices:
        yield grid(*(tuple(map(Text, row)) for row in _class_facts(explanation)))
    elif explanation.characters:
        yield _characters(explanation)
    yield Text()


def _class_facts(explanation: Explanation) -> Iterator[tuple[str, str]]:
    for choice in explanation.choices:
        yield visible(choice.text), units.percent(choice.confidence)
    region = explanation.region
    if region is None:
        yield "looked at", "no part more than another"
        return
    across = units.span(round(region.left), round(region.right))
    yield "looked at", f"{across} × {units.span(round(region.top), round(region.bottom))} px"
    yield "with that hidden", visible(explanation.if_hidden or "")


def _characters(explanation: Explanation) -> RichTable:
    content = characters_table(explanation)
    table = ruled_table()
    for index, column in enumerate(content.columns):
        table.add_column(Text(column.line, "dim"), justify="right" if index in content.numeric else "left")
    for row in content.rows:
        table.add_row(*(Text(cell.line) for cell in row))
    return table
