"""Numbers beside a picture, which a classifier takes as its second input."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat

from crnn_deploy import limits
from crnn_deploy.config import Frozen


class VectorNumber(Frozen):
    """One number of a vector; the network takes x = (number - mean) / std."""

    name: str = Field(min_length=1, max_length=limits.MAX_TEXT, description="Name of its column or of the number.")
    mean: FiniteFloat = Field(default=0.0, description="Mean over the training images.")
    std: FiniteFloat = Field(
        default=1.0, ge=limits.SMALLEST_STD, description="Standard deviation over the training images."
    )


def _named(value: object) -> object:
    """A number that is given by its name alone is taken as it is."""
    return [{"name": each} if isinstance(each, str) else each for each in value] if isinstance(value, list) else value


def _distinct(vector: tuple[VectorNumber, ...]) -> tuple[VectorNumber, ...]:
    if len({number.name for number in vector}) < len(vector):
        raise ValueError("vector names a number twice")
    return vector


Vector = Annotated[tuple[VectorNumber, ...], BeforeValidator(_named), AfterValidator(_distinct)]
"""The numbers in the order in which the network takes them."""


def column_name(cell: str) -> str:
    """The name of a number, or of any column, in one spelling: `"Image Path"` is `image_path`."""
    return cell.strip().strip("\"'").strip().lower().replace(" ", "_").replace("-", "_")


def _split(value: object) -> object:
    """Names in one text have commas between them; each becomes what sources call it."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)):
        return names
    return [column_name(name) if isinstance(name, str) else name for name in names]


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a number is named twice")
    return names


VectorNames = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=limits.MAX_TEXT)], ...],
    Field(max_length=limits.MAX_VECTOR),
    BeforeValidator(_split),
    AfterValidator(_each_once),
]
"""Names of numbers beside a picture; `all` stands for everything beside the training images."""
