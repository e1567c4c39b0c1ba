"""What is kept of each prediction: a row of fixed size with its counts, and its texts as UTF-8."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.evaluation.metrics import Ratio, distances
from crnn_deploy.text_encoding import normalized

ROW = np.dtype(
    [
        ("at", "<u8"),  # where its texts begin
        ("sizes", "<u4", (4,)),  # bytes of item, reference, text and ranked
        ("index", "<u8"),
        ("image", "<u8"),  # hash of item and reference, the same for every normal form
        ("reading", "<u8"),  # hash of the text
        ("edits", "<u4"),
        ("length", "<u4"),
        ("edits_ci", "<u4"),
        ("length_ci", "<u4"),
        ("read_ci", "<u4"),  # characters of the text, case-folded
        ("confidence", "<u2"),  # ten-thousandths
        ("width", "<u4"),
        ("height", "<u4"),
        ("right", "?"),
        ("right_ci", "?"),
        ("among_best", "?"),
        ("read", "?"),  # False in the gaps that skipped images leave
    ]
)
Rows = NDArray[np.void]

_COLUMNS = {
    "cer": ("edits", "length"),
    "cer_ci": ("edits_ci", "length_ci"),
    "word_accuracy": ("right", "read"),
    "word_accuracy_ci": ("right_ci", "read"),
    "top1": ("right", "read"),
    "top5": ("among_best", "read"),
}
_STEPS = 10_000  # of a confidence, which is kept with four digits
_UNKNOWN = 65_535
_BETWEEN = "\0"  # the names of ranked classes


class Prediction(Frozen):
    """The label of one image and what the model reads: text in the model's normal form, or the name of a class.

    `confidence` is None in evaluations of earlier versions. `ranked` has the five most probable classes, the best
    first; it is empty where there are at most five, and for text. `index` is the place of the image in its source, None
    for that in the list of predictions. `width` and `height` are those of the upright image in pixels; 0 where they are
    not known, and for clips.
    """

    item: str
    reference: str
    text: str
    confidence: float | None = None
    ranked: tuple[str, ...] = ()
    index: int | None = None
    width: int = Field(default=0, ge=0)
    height: int = Field(default=0, ge=0)


def rows_of(predictions: Sequence[Prediction], indices: Sequence[int]) -> tuple[Rows, list[bytes]]:
    """The rows `[N]` of predictions with their places in the source, without `at`, and the bytes of their texts."""
    references, texts = [p.reference for p in predictions], [p.text for p in predictions]
    folded = [text.casefold() for text in references], [text.casefold() for text in texts]
    parts = [[encoded(part) for part in (p.item, p.reference, p.text, _BETWEEN.join(p.ranked))] for p in predictions]
    rows = np.zeros(len(predictions), ROW)
    rows["sizes"] = np.array([[len(part) for part in each] for each in parts]).reshape(-1, 4)
    rows["index"] = indices
    rows["image"] = [_hash(encoded(f"{p.item}{_BETWEEN}{normalized(p.reference, 'NFKC')}")) for p in predictions]
    rows["reading"] = [_hash(each[2]) for each in parts]
    rows["edits"], rows["edits_ci"] = distances(references, texts), distances(*folded)
    rows["length"] = [len(text) for text in references]
    rows["length_ci"], rows["read_ci"] = ([len(text) for text in side] for side in folded)
    rows["confidence"] = [_UNKNOWN if p.confidence is None else round(p.confidence * _STEPS) for p in predictions]
    rows["width"], rows["height"] = [p.width for p in predictions], [p.height for p in predictions]
    rows["right"], rows["right_ci"] = rows["edits"] == 0, rows["edits_ci"] == 0
    rows["among_best"] = [p.reference in p.ranked for p in predictions]
    rows["read"] = True
    return rows, [b"".join(each) for each in parts]


def prediction_of(row: Rows, parts: Sequence[str]) -> Prediction:
    """The prediction of one row and its four texts."""
    known = row["confidence"] != _UNKNOWN
    return Prediction(
        item=parts[0],
        reference=parts[1],
        text=parts[2],
        confidence=int(row["confidence"]) / _STEPS if known else None,
        ranked=tuple(parts[3].split(_BETWEEN)) if parts[3] else (),
        index=int(row["index"]),
        width=int(row["width"]),
        height=int(row["height"]),
    )


def confidences_of(column: NDArray[np.uint16]) -> NDArray[np.float64] | None:
    """Confidences `[N]` from their column; None if one of them is not known."""
    return None if (column == _UNKNOWN).any() else column / _STEPS


def columns_of(figure: str) -> tuple[str, str]:
    """The columns whose sums are the numerator and the denominator of a figure."""
    return _COLUMNS[figure]


def encoded(text: str) -> bytes:
    """The text as UTF-8; names of files need not be valid, and keep their bytes."""
    return text.encode("utf-8", "surrogatepass")


def decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def ratio_of(counted: NDArray[np.generic], possible: NDArray[np.generic]) -> Ratio:
    return Ratio(counted.astype(np.float64), possible.astype(np.float64))


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
