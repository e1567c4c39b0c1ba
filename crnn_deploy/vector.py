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
