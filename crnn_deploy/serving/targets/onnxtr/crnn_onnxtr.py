"""A recogniser for OnnxTR, which reads with `crnn_reader.py`.

    from crnn_onnxtr import Recogniser
    from onnxtr.models import ocr_predictor

    predictor = ocr_predictor(reco_arch=Recogniser())

OnnxTR gives words in RGB, padded on the right with black, and takes their texts and confidences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from crnn_reader import Reader
from numpy.typing import NDArray
from onnxtr.models.recognition import CRNN

_LEAST_HEIGHT = 48  # of the words that OnnxTR is told to give; the model resizes them again
_WIDEST = 8  # times the height; OnnxTR cuts wider words into pieces


class Recogniser(CRNN):  # type: ignore[misc]
    """One of OnnxTR's CRNNs, since it takes no other class; the network and the decoding are those of a `Reader`."""

    _children_names: list[str] = []  # noqa: RUF012 - OnnxTR's, for its representation

    def __init__(self, threads: int | None = None) -> None:
        self.reader = Reader(threads=threads)
        height = max(_LEAST_HEIGHT, self.reader.spec.preprocessing.height)
        self.cfg = {"mean": (0.0,) * 3, "std": (1.0,) * 3, "input_shape": (3, height, _WIDEST * height)}

    def __call__(self, x: NDArray[np.float32], return_model_output: bool = False) -> dict[str, Any]:
        """Texts and confidences of words `[N, H, W, 3]` from 0 to 1; there is no model output to return."""
        pixels = np.rint(x * np.float32(255)).astype(np.uint8)
        readings = self.reader([without_padding(word) for word in pixels])
        return {"preds": [(reading.text, reading.confidence) for reading in readings]}


def without_padding(word: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A word `[H, W, 3]` without what is black below it and on its right."""
    rows, columns, _ = word.nonzero()
    return word[: rows.max() + 1, : columns.max() + 1] if rows.size else word
