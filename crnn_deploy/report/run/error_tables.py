"""The tables of where a variant goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crnn_deploy import units
from crnn_deploy.evaluation.grouped import ErrorGroup
from crnn_deploy.evaluation.rejection import Rejection
from crnn_deploy.report.run.errors import Errors
from crnn_deploy.report.run.reading import aspect_span
from crnn_deploy.report.tables import Cell, Table

_SHOWN = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # shares of rejected images in the table
_SPACE = "␣"


def width_errors_table(errors: Errors) -> Table:
    """The error by the width of lines."""
    return _grouped("Width ÷ height", errors.by_width, aspect_span)


def length_errors_table(errors: Errors) -> Table:
    """The error by the length of labels."""
    return _grouped("Characters", errors.by_length, lambda low, high: units.span(round(low), round(high)))


def characters_table(errors: Errors) -> Table:
    """The most frequent confusions of characters."""
    rows = tuple(
        (
            Cell(_shown(found.reference) or "nothing"),
            Cell(_shown(found.read) or "nothing"),
            Cell(f"{found.count:,}"),
            Cell(units.percent(found.count / found.occurrences) if found.occurrences else units.MISSING),
        )
        for found in errors.characters
    )
    columns = ("Character", "Read as", "Times", "Share of the character")
    return Table(tuple(map(Cell, columns)), rows, numeric=range(2, 4))


def rejections_table(errors: Errors, error_label: str) -> Table:
    """What some thresholds of the confidence reject, and what is left."""
    rows = tuple(
        (
            Cell(_threshold(found.threshold)),
            Cell(units.percent(found.rejected)),
            Cell(units.percent(found.error)),
            Cell(units.percent(found.wrong)),
            Cell(units.percent(found.caught)),
        )
        for found in _chosen(errors.rejections)
    )
    columns = ("Confidence below", "Rejected", f"{error_label} of the rest", "Wrong in the rest", "Wrong ones caught")
    return Table(tuple(map(Cell, columns)), rows, numeric=range(1, 5))


def _chosen(rejections: Iterable[Rejection]) -> list[Rejection]:
    """Those nearest to some shares of rejected images, each once."""
    found = list(rejections)
    nearest = [min(found, key=lambda each: abs(each.rejected - share)) for share in _SHOWN] if found else []
    return list({each.rejected: each for each in nearest}.values())


def _threshold(value: float) -> str:
    return f"{value:.4f}" if value else "0"


def _grouped(title: str, groups: Iterable[ErrorGroup], span: Callable[[float, float], str]) -> Table:
    rows = tuple(
        (
            Cell(span(group.lowest, group.highest)),
            Cell(units.percent(group.error)),
            Cell(units.interval((group.low, group.high))),
            Cell(f"{group.images:,}"),
        )
        for group in groups
    )
    return Table(tuple(map(Cell, (title, "CER", "95 % interval", "Lines"))), rows, numeric=range(1, 4))


def _shown(character: str) -> str:
    """A character on its own; a space would not be seen."""
    return _SPACE if character == " " else character
