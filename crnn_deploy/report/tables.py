"""Tables as plain cells, so that terminal, Markdown and HTML show the same figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A figure and, smaller below or after it, a detail for comparison."""

    text: str
    detail: str = ""

    @property
    def line(self) -> str:
        """Both on one line."""
        return f"{self.text} ({self.detail})" if self.detail else self.text


@dataclass(frozen=True)
class Table:
    """Column titles and rows of cells. The first column names the row; `numeric` columns align right."""

    columns: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: range
