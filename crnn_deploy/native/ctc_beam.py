"""Prefix beam search in the library: the texts of `reading.beam` in a tenth of the time.

Packages carry a copy of this file, so it takes nothing from the project at run time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from crnn_deploy.ngrams import ClassNgrams

FUNCTION = "crnn_deploy_ctc_beam"
"""Its name in the library."""

_ARRAYS = ("ngrams", "symbols", "starts", "class_symbols", "class_costs")


class _Tables(ctypes.Structure):
    """`NgramTables` of ctc_beam.h."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in _ARRAYS),
        ("start", ctypes.c_int32),
        ("end_symbol", ctypes.c_int32),
        ("unknown", ctypes.c_double),
        ("weight", ctypes.c_double),
        ("bonus", ctypes.c_double),
        ("least_factor", ctypes.c_double),
    ]


_INPUT = Struct("@PP6idP")
"""`BeamInput` of ctc_beam.h. A `ctypes.Structure` would take some microseconds more for each line."""


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
        self._arrays = language  # which the tables point into
        self._tables = None if language is None else _tables(language)
        self._fixed = blank, width, least_share, 0 if self._tables is None else ctypes.addressof(self._tables)

    def __call__(self, output: NDArray[np.float32], logarithmic: bool) -> list[int]:
        """Classes of the best text of one line, from `[T, K]` logits or log-probabilities, or else probabilities.

        There must be a frame at least.
        """
        output = np.ascontiguousarray(output, np.float32)
        if not output.flags.writeable:
            output = output.copy()
        frames, classes = output.shape
        assert self._arrays is None or len(self._arrays.starts) == classes + 1
        text = np.empty(frames, np.int32)
        places = _place_of(output), _place_of(text)
        length = self._function(_INPUT.pack(*places, frames, classes, classes, logarithmic, *self._fixed))
        if length < 0:
            raise MemoryError
        found: list[int] = text[:length].tolist()
        return found


def _place_of(array: NDArray[Any]) -> int:
    """As `native.places.place_of`, which packages do not have."""
    return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type] # arrays are buffers


def _tables(language: ClassNgrams) -> _Tables:
    """What points into the arrays, which must outlive it."""
    ngrams, symbols, starts, class_symbols, class_costs, *numbers = language
    arrays: list[NDArray[Any]] = [ngrams, symbols, starts, class_symbols, class_costs]
    return _Tables(*(array.ctypes.data for array in arrays), *numbers)
