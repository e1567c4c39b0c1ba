"""Prefix beam search in the library: the texts of `reading.beam` in a tenth of the time."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.native import library_function
from crnn_deploy.ngrams import NgramColumns

_NAME = "crnn_deploy_ctc_beam"


class ClassNgrams(NamedTuple):
    """The n-grams of a language model, and what each class of a head `[K]` is in it.

    Attributes:
        class_symbols: -1: unknown.
        class_costs: besides those of the symbols.
        start: the state before a line.
        unknown: what an unknown character costs.
    """

    ngrams: NgramColumns
    class_symbols: NDArray[np.int32]
    class_costs: NDArray[np.float64]
    start: int
    end_symbol: int
    unknown: float
    weight: float
    bonus: float
    least_factor: float


class _Tables(ctypes.Structure):
    """`NgramTables` of ctc_beam.cc."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in (*NgramColumns._fields, "class_symbols", "class_costs")),
        ("start", ctypes.c_int32),
        ("end_symbol", ctypes.c_int32),
        ("unknown", ctypes.c_double),
        ("weight", ctypes.c_double),
        ("bonus", ctypes.c_double),
        ("least_factor", ctypes.c_double),
    ]


class _Input(ctypes.Structure):
    """`BeamInput` of ctc_beam.cc."""

    _fields_ = [
        ("output", ctypes.c_void_p),
        ("frames", ctypes.c_int32),
        ("classes", ctypes.c_int32),
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
        blank, width, least_share: as those of `reading.beam.best_prefix`.
        language: None: none counts in.
    """

    def __init__(self, blank: int, width: int, least_share: float, language: ClassNgrams | None) -> None:
        self._fixed = {"blank": blank, "width": width, "least_share": least_share}
        self._arrays = language  # which the tables point into
        self._tables = None if language is None else _tables(language)

    def __call__(self, output: NDArray[np.float32], logarithmic: bool) -> list[int]:
        """Classes of the best text of one line, from `[T, K]` logits or log-probabilities, or else probabilities."""
        output = np.ascontiguousarray(output, np.float32)
        frames, classes = output.shape
        assert self._arrays is None or len(self._arrays.class_symbols) == classes
        text = np.empty(frames, np.int32)
        given = _Input(
            output=output.ctypes.data,
            frames=frames,
            classes=classes,
            logarithmic=logarithmic,
            language=None if self._tables is None else ctypes.addressof(self._tables),
            text=text.ctypes.data,
            **self._fixed,
        )
        length = library_function(_NAME)(ctypes.byref(given))
        if length < 0:
            raise MemoryError
        found: list[int] = text[:length].tolist()
        return found


def available() -> bool:
    """Whether the library is there and can be loaded."""
    return library_function(_NAME) is not None


def _tables(language: ClassNgrams) -> _Tables:
    """What points into the arrays, which must outlive it."""
    columns: list[NDArray[Any]] = [*language.ngrams, language.class_symbols, language.class_costs]
    _, _, _, *numbers = language
    return _Tables(*(column.ctypes.data for column in columns), *numbers)
