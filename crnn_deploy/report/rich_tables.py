"""The form of all tables in the terminal.

Cells are `Text`, so names and text from models cannot inject console markup.
"""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text


def ruled_table() -> Table:
    """A table with a line below its header, without columns yet; fits 80 columns where its cells do."""
    return Table(box=box.HORIZONTALS, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="")


def grid(*rows: tuple[Text, ...]) -> Table:
    """Rows without header and lines."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    return table


def section(title: str, content: RenderableType) -> list[RenderableType]:
    """A blank line, a title and what is below it."""
    return [Text(f"\n{title}", style="bold"), content]
