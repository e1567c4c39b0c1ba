"""The readings that are wrong, with small pictures of the worst."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from rapidfuzz.distance import Levenshtein

from crnn_deploy.config import Frozen
from crnn_deploy.data.picture import picture
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.prediction_rows import Prediction
from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.evaluation.result import Evaluation

MOST = 5000
"""Wrong readings that are kept in a report."""

_PICTURE_BYTES = 2_000_000  # of all pictures together, as text: a report must open at once
_SIZE = (480, 40)  # pixels that a picture has at most
_QUALITY = 60  # of JPEG: to be looked at, not to be read by a model


class WrongReading(Frozen):
    """An image whose reading differs from its label in more than case."""

    item: str
    reference: str
    text: str
    errors: int = Field(description="characters that would have to be edited; 1 for a class")
    confidence: float | None = None
    aspect: float | None = Field(default=None, description="times as wide as high")
    image: str = Field(
        default="",
        description="thumbnail as a JPEG data URI; empty where those of worse readings took the room",
        pattern=r"^(data:image/jpeg;base64,[A-Za-z0-9+/=]+)?$",
    )


def wrong_readings(evaluation: Evaluation, source: Source) -> tuple[int, tuple[WrongReading, ...]]:
    """How many readings are wrong, and the worst of them: those with the largest share of wrong characters first.

    Args:
        source: the images of the evaluation.
    """
    order = worst_first(evaluation.predictions)
    room, found = _PICTURE_BYTES, []
    of_classes = evaluation.dataset.kind == "class"
    for prediction in evaluation.predictions.at(order[:MOST].tolist()):
        image = _thumbnail(source, prediction.index or 0) if room > 0 else ""
        room -= len(image)
        found.append(
            WrongReading(
                item=prediction.item,
                reference=prediction.reference,
                text=prediction.text,
                errors=1 if of_classes else _distance(prediction),
                confidence=prediction.confidence,
                aspect=prediction.width / prediction.height if prediction.height else None,
                image=image,
            )
        )
    return len(order), tuple(found)


def worst_first(predictions: Predictions) -> NDArray[np.intp]:
    """Places of the wrong readings: those with the largest share of wrong characters first; case is ignored."""
    wrong = np.flatnonzero(~predictions.column("right_ci"))
    longest = np.maximum(predictions.column("length_ci")[wrong], predictions.column("read_ci")[wrong])
    order: NDArray[np.intp] = np.argsort(-(predictions.column("edits_ci")[wrong] / longest), kind="stable")
    return wrong[order]


def _distance(prediction: Prediction) -> int:
    return Levenshtein.distance(prediction.reference.casefold(), prediction.text.casefold())


def _thumbnail(source: Source, index: int) -> str:
    """The image, or the first still, as a small JPEG data URI; empty if its pixels are broken."""
    try:
        small = picture(source.image(index), title(source, index), "RGB")
    except InputError:
        return ""
    small.thumbnail(_SIZE, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
