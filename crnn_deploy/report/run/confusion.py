"""Which classes a classifier takes for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from crnn_deploy import units
from crnn_deploy.config import Frozen
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.report.tables import Cell, Table

_PAIRS = 15  # the most frequent ones
_CLASSES_IN_PLOT = 20


class ConfusedPair(Frozen):
    """Images of one class that were taken for another."""

    reference: str
    reading: str
    count: int
    images: int = Field(description="images of the class")


class Confusion(Frozen):
    """What a classifier takes for what. `counts` is empty for more than 20 classes."""

    variant: str
    classes: tuple[str, ...] = Field(default=(), description="rows and columns of the counts")
    counts: tuple[tuple[int, ...], ...] = Field(default=(), description="row of the true class, column of the reading")
    pairs: tuple[ConfusedPair, ...] = Field(default=(), description="most frequent first")
    wrong: int = Field(description="images that were taken for another class, those of all pairs together")


def confusion(variant: str, evaluation: Evaluation, classes: Sequence[str]) -> Confusion | None:
    """The confusions of a variant; None for a reader of text.

    Args:
        classes: names of all classes of the model.
    """
    if evaluation.dataset.kind != "class":
        return None
    found: Counter[tuple[str, str]] = Counter()
    images: Counter[str] = Counter()
    for block in evaluation.predictions.blocks():
        found.update(zip(block.references, block.texts, strict=True))
        images.update(block.references)
    wrong = {pair: count for pair, count in found.items() if pair[0] != pair[1]}
    order = sorted(wrong, key=lambda pair: (-wrong[pair], pair))
    drawn = tuple(classes) if len(classes) <= _CLASSES_IN_PLOT else ()
    return Confusion(
        variant=variant,
        classes=drawn,
        counts=tuple(tuple(found[true, read] for read in drawn) for true in drawn),
        pairs=tuple(
            ConfusedPair(reference=true, reading=read, count=wrong[true, read], images=images[true])
            for true, read in order[:_PAIRS]
        ),
        wrong=sum(wrong.values()),
    )


def confusion_table(of: Confusion) -> Table:
    """The most frequent confusions, a row each."""
    rows = tuple(
        (
            Cell(pair.reference),
            Cell(pair.reading),
            Cell(str(pair.count)),
            Cell(units.percent(pair.count / pair.images)),
        )
        for pair in of.pairs
    )
    columns = ("Class", "Taken for", "Images", "Share of the class")
    return Table(tuple(map(Cell, columns)), rows, numeric=range(2, 4))


def confusion_summary(of: Confusion, table: bool) -> str:
    """How many images were taken for another class.

    Args:
        table: whether the table follows, which may show only some of them.
    """
    if not of.wrong:
        return f"{of.variant} takes no image for another class."
    sentence = f"{of.variant} takes {units.images(of.wrong)} for another class."
    shown = sum(pair.count for pair in of.pairs)
    return (
        sentence if not table or shown == of.wrong else f"{sentence} The most frequent confusions, {shown:,} of them:"
    )
