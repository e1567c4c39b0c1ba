"""Prefix beam search in the library: the texts of `reading.beam` in a tenth of the time.

Packages carry a copy of this file, so it takes nothing from the project at run time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from crnn_deploy.ngrams import ClassNgrams

FUNCTION = "crnn_deploy_ctc_beam"
"""Its name in the library."""

_NGRAMS = ("first", "children", "symbols", "costs", "backoffs", "shorter", "contexts")
_CLASSES = ("starts", "class_symbols", "class_costs")


class _Tables(ctypes.Structure):
    """`NgramTables` of ctc_beam.h."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in (*_NGRAMS, *_CLASSES)),
        ("start", ctypes.c_int32),
        ("end_symbol", ctypes.c_int32),
        ("unknown", ctypes.c_double),
        ("weight", ctypes.c_double),
        ("bonus", ctypes.c_double),
        ("least_factor", ctypes.c_double),
    ]


class _Input(ctypes.Structure):
    """`BeamInput` of ctc_beam.h."""

    _fields_ = [
        ("output", ctypes.c_void_p),
        ("frames", ctypes.c_int32),
        ("classes", ctypes.c_int32),
        ("step", ctypes.c_int32),
        ("blank", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("logarithmic", ctypes.c_int32),
        ("language", ctypes.c_void_p),
        ("least_share", ctypes.c_double),
        ("text", ctypes.c_void_p),
    ]


class CtcBeam:
    """Finds the best text of lines.

    Args:
        function: of the library.
        blank, width, least_share: as those of `reading.beam.best_prefix`.
        language: None: none counts in.
    """

    def __init__(
        self,
        function: Callable[..., int],
        blank: int,
        width: int,
        least_share: float,
        language: ClassNgrams | None = None,
    ) -> None:
        self._function = function
        self._fixed = {"blank": blank, "width": width, "least_share": least_share}
        self._arrays = language  # which the tables point into
        self._tables = None if language is None else _tables(language)

    def __call__(self, output: NDArray[np.float32], logarithmic: bool) -> list[int]:
        """Classes of the best text of one line, from `[T, K]` logits or log-probabilities, or else probabilities."""
        output = np.ascontiguousarray(output, np.float32)
        frames, classes = output.shape
        assert self._arrays is None or len(self._arrays.starts) == classes + 1
        text = np.empty(frames, np.int32)
        given = _Input(
            output=output.ctypes.data,
            frames=frames,
            classes=classes,
            step=classes,
            logarithmic=logarithmic,
            language=None if self._tables is None else ctypes.addressof(self._tables),
            text=text.ctypes.data,
            **self._fixed,
        )
        length = self._function(ctypes.byref(given))
        if length < 0:
            raise MemoryError
        found: list[int] = text[:length].tolist()
        return found


def _tables(language: ClassNgrams) -> _Tables:
    """What points into the arrays, which must outlive it."""
    ngrams, starts, symbols, costs, *numbers = language
    columns: list[NDArray[Any]] = [*ngrams, starts, symbols, costs]
    return _Tables(*(column.ctypes.data for column in columns), *numbers)
