"""Tables as plain cells, so that terminal, Markdown and HTML show the same figures."""

from __future__ import annotations

from dataclasses import dataclass

from crnn_deploy.escaping import visible


@dataclass(frozen=True)
class Cell:
    """A figure or a name and, smaller below or after it, a detail for comparison; each on one line."""

    text: str
    detail: str = ""

    def __post_init__(self) -> None:
        for name in ("text", "detail"):  # names come from models and data
            object.__setattr__(self, name, visible(getattr(self, name)))

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
