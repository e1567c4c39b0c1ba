"""Numbers beside a picture, which a classifier takes as its second input."""

from __future__ import annotations

from typing import Any

from crnn_deploy import limits
from crnn_deploy.plain_values import FiniteFloat
from crnn_deploy.record import Record, field


class VectorNumber(Record):
    """One number of a vector; the network takes x = (number - mean) / std."""

    name: str = field(min_length=1, max_length=limits.MAX_TEXT, description="Name of its column or of the number.")
    mean: FiniteFloat = field(default=0.0, description="Mean over the training images.")
    std: FiniteFloat = field(
        default=1.0, ge=limits.SMALLEST_STD, description="Standard deviation over the training images."
    )

    @classmethod
    def in_full(cls, given: Any) -> Any:
        """A number that is given by its name alone is taken as it is."""
        return {"name": given} if isinstance(given, str) else given


def column_name(cell: str) -> str:
    """The name of a number, or of any column, in one spelling: `"Image Path"` is `image_path`."""
    return cell.strip().strip("\"'").strip().lower().replace(" ", "_").replace("-", "_")
