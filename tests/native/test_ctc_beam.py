"""The search of the library finds the texts of the search in Python."""

from __future__ import annotations

import random
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.language.learning import learn
from crnn_deploy.native.ctc_beam import CtcBeam, available
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.beam import LEAST_SHARE, best_prefix
from crnn_deploy.reading.language import ClassLanguage
from crnn_deploy.spec import ModelSpec

pytestmark = pytest.mark.skipif(not available(), reason="the library is not built here")

_DRAW = random.Random(0)
_WORDS = ["".join(_DRAW.choices("ABCDO01", k=_DRAW.randint(1, 7))) for _ in range(60)]
_CHARSET = tuple(string.ascii_uppercase[:9] + "O012 ?")
_LANGUAGE = learn(_WORDS, 4, 1).model_copy(update={"weight": 0.6, "bonus": 0.8})
SPEC = ModelSpec(name="m", charset=_CHARSET, blank=3, preprocessing=Preprocessing(height=8), language_model=_LANGUAGE)
LANGUAGE = ClassLanguage(SPEC)


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
    search = CtcBeam(blank, width, 0.0, None)
    assert search(logits, logarithmic=True) == best_prefix(logits, blank, width)
    shares = softmax(logits)
    assert search(shares, logarithmic=False) == best_prefix(shares, blank, width)


@given(st.integers(0, 10**6), st.integers(1, 40), widths, spreads)
@settings(max_examples=150, deadline=None)
def test_with_a_language(seed: int, frames: int, width: int, spread: float) -> None:
    logits = outputs(seed, frames, SPEC.num_outputs, spread, SPEC.blank)
    search = CtcBeam(SPEC.blank, width, LEAST_SHARE, LANGUAGE.tables())
    assert search(logits, logarithmic=True) == best_prefix(logits, SPEC.blank, width, LANGUAGE)
    shares = softmax(logits)
    assert search(shares, logarithmic=False) == best_prefix(shares, SPEC.blank, width, LANGUAGE)


def test_a_large_alphabet_and_a_long_line() -> None:
    logits = outputs(1, 2000, 6625, 2.0, 0)
    assert CtcBeam(0, 8, 0.0, None)(logits, logarithmic=True) == best_prefix(logits, 0, 8)


def test_rows_that_are_not_side_by_side_are_read_as_well() -> None:
    logits = outputs(2, 20, 30, 2.0, 0)
    search = CtcBeam(0, 8, 0.0, None)
    assert search(np.asfortranarray(logits), logarithmic=True) == search(logits, logarithmic=True)


def test_equal_values_are_taken_in_the_order_of_their_classes() -> None:
    flat = np.zeros((3, 50), np.float32)
    assert CtcBeam(0, 4, 0.0, None)(flat, logarithmic=True) == best_prefix(flat, 0, 4)
