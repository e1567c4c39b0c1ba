"""Finds the text of a line where `spec.json` has a language model; `crnn_reader.py` asks it.

The search is that of crnn-deploy: by the library if it lies beside this file, and else in Python, which takes longer.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from crnn_beam import LEAST_SHARE, best_prefix
from crnn_ctc_beam import FUNCTION, CtcBeam
from crnn_ngrams import ClassLanguage
from numpy.typing import NDArray

WIDTH = 8
"""Prefixes that the search keeps."""


def search_of(spec: Any, alphabet: Sequence[str], library: Path) -> Callable[[NDArray[np.float32]], list[int]]:
    """What finds the classes of the best text of a line from its output `[T, K]`; `alphabet`: text of each class."""
    language = ClassLanguage(spec.language_model, alphabet)
    function = _function(library)
    if function is None:
        return lambda line: best_prefix(line, spec.blank, WIDTH, language, not are_probabilities(line))
    search = CtcBeam(function, spec.blank, WIDTH, LEAST_SHARE, language.tables())
    return lambda line: search(line, not are_probabilities(line))


def are_probabilities(line: NDArray[np.float32]) -> bool:
    """Whether the frames of a line are probabilities, and not logits or log-probabilities."""
    return bool(line.min() >= 0 and np.allclose(line.sum(-1), 1, atol=1e-3))


def _function(library: Path) -> Callable[..., int] | None:
    """The search of the library; None if it is absent, or of another system."""
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(str(library)), FUNCTION)
    except (OSError, AttributeError):
        return None
    return found
