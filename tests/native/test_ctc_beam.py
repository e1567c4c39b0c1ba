"""The search of the library finds the texts of the search in Python."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.language.learning import learn
from crnn_deploy.native import library_function
from crnn_deploy.native.ctc_beam import FUNCTION, CtcBeam
from crnn_deploy.ngrams import ClassLanguage, ClassNgrams
from crnn_deploy.reading.beam import LEAST_SHARE, best_prefix

pytestmark = pytest.mark.skipif(library_function(FUNCTION) is None, reason="the library is not built here")

_DRAW = random.Random(0)
_WORDS = ["".join(_DRAW.choices("ABCDO01", k=_DRAW.randint(1, 7))) for _ in range(60)]
BLANK = 3
_ALPHABET = (*"ABC", "", *"DEFGHIO012 ?")
_LONG = (*"AB", "DO", "", "0A1", *"CDEFGHIO012 ?")
_LANGUAGE = learn(_WORDS, 4, 1).model_copy(update={"weight": 0.6, "bonus": 0.8})
LANGUAGES = {len(alphabet): ClassLanguage(_LANGUAGE, alphabet) for alphabet in (_ALPHABET, _LONG)}


def search_of(blank: int, width: int, least_share: float = 0.0, language: ClassNgrams | None = None) -> CtcBeam:
    return CtcBeam(library_function(FUNCTION), blank, width, least_share, language)


def outputs(seed: int, frames: int, classes: int, spread: float, blank: int) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(0, spread, (frames, classes)).astype(np.float32)
    logits[::2, blank] += 2 * spread
    return logits


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)


widths = st.sampled_from([1, 2, 3, 8, 40])
spreads = st.sampled_from([0.4, 1.5, 5.0])


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 90), widths, spreads)
@settings(max_examples=150, deadline=None)
def test_without_a_language(seed: int, frames: int, classes: int, width: int, spread: float) -> None:
    blank = seed % classes
    logits = outputs(seed, frames, classes, spread, blank)
    search = search_of(blank, width)
    assert search(logits, logarithmic=True) == best_prefix(logits, blank, width)
    shares = softmax(logits)
    assert search(shares, logarithmic=False) == best_prefix(shares, blank, width, logarithmic=False)


@given(st.integers(0, 10**6), st.integers(1, 40), widths, spreads, st.sampled_from(sorted(LANGUAGES)))
@settings(max_examples=200, deadline=None)
def test_with_a_language(seed: int, frames: int, width: int, spread: float, classes: int) -> None:
    """Also where classes stand for several characters."""
    logits, language = outputs(seed, frames, classes, spread, BLANK), LANGUAGES[classes]
    search = search_of(BLANK, width, LEAST_SHARE, language.tables())
    assert search(logits, logarithmic=True) == best_prefix(logits, BLANK, width, language)
    shares = softmax(logits)
    assert search(shares, logarithmic=False) == best_prefix(shares, BLANK, width, language, logarithmic=False)


def test_a_large_alphabet_and_a_long_line() -> None:
    logits = outputs(1, 2000, 6625, 2.0, 0)
    assert search_of(0, 8)(logits, logarithmic=True) == best_prefix(logits, 0, 8)


def test_rows_that_are_not_side_by_side_are_read_as_well() -> None:
    logits = outputs(2, 20, 30, 2.0, 0)
    search = search_of(0, 8)
    assert search(np.asfortranarray(logits), logarithmic=True) == search(logits, logarithmic=True)


def test_an_output_that_cannot_be_written_to() -> None:
    logits = outputs(3, 20, 30, 2.0, 0)
    expected = best_prefix(logits, 0, 8)
    logits.flags.writeable = False
    assert search_of(0, 8)(logits, logarithmic=True) == expected


@given(st.integers(0, 10**6), st.floats(-10, 10), st.floats(0, 10))
@settings(max_examples=60, deadline=None)
def test_any_weight_and_bonus(seed: int, bonus: float, weight: float) -> None:
    """Characters that can't enter the beam are left out by the highest factor that they may have."""
    model = _LANGUAGE.model_copy(update={"weight": weight, "bonus": bonus})
    language = ClassLanguage(model, _LONG)
    logits = outputs(seed, 25, len(_LONG), 1.0, BLANK)
    search = search_of(BLANK, 3, LEAST_SHARE, language.tables())
    assert search(logits, logarithmic=True) == best_prefix(logits, BLANK, 3, language)


def test_equal_values_are_taken_in_the_order_of_their_classes() -> None:
    flat = np.zeros((3, 50), np.float32)
    assert search_of(0, 4)(flat, logarithmic=True) == best_prefix(flat, 0, 4)
