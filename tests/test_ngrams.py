"""The packed n-grams: what they cost, and what a damaged table is refused for."""

from __future__ import annotations

import base64
import math
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crnn_deploy.language_model import LanguageModel
from crnn_deploy.ngrams import NODE, STEPS, Ngrams, packed, unpacked

# The empty n-gram with "\n", "a" and "b", and after "a" a "b": 16 steps are one nat.
ROWS = [(0, 0, 8, 3), (0, 32, 4, 0), (1, 16, 2, 1), (2, 48, 0, 0), (2, 5, 0, 0)]


def model(rows: list[tuple[int, int, int, int]] = ROWS, **changes: object) -> LanguageModel:
    fields = {"characters": "\nab", "order": 2, "table": packed(np.array(rows, NODE))} | changes
    return LanguageModel.model_validate(fields)


def test_an_ngram_costs_what_the_table_says_and_a_missing_one_what_its_context_takes_for_the_shorter() -> None:
    ngrams = Ngrams(model())
    cost, after_a = ngrams.after(ngrams.start, "a")
    assert cost == (4 + 16) / STEPS  # "\na" is missing
    assert ngrams.after(after_a, "b")[0] == 5 / STEPS
    assert ngrams.after(after_a, "a")[0] == (2 + 16) / STEPS


def test_an_unknown_character_costs_more_than_any_and_digits_cost_alike() -> None:
    ngrams = Ngrams(model(characters="\n0b"))
    assert ngrams.after(ngrams.start, "Z")[0] == (4 + 8) / STEPS + math.log(4)
    assert {ngrams.after(ngrams.start, digit) for digit in "0123456789"} == {(20 / STEPS + math.log(10), 2)}


def test_the_context_is_the_longest_that_is_known() -> None:
    rows = [(0, 0, 0, 2), (0, 9, 0, 1), (1, 9, 0, 1), (1, 9, 0, 0), (1, 9, 0, 0)]  # "\n", "a", "\na", "aa"
    ngrams = Ngrams(model(rows, order=3, characters="\na"))
    _, after_a = ngrams.after(ngrams.start, "a")
    assert after_a == 3
    assert ngrams.after(after_a, "a") == (9 / STEPS, 4)  # "\naa" is missing, "aa" is there


@given(st.lists(st.tuples(*(st.integers(0, 3),) * 4), max_size=8), st.integers(1, 3))
@settings(deadline=None)
def test_any_table_is_read_or_refused(rows: list[tuple[int, int, int, int]], order: int) -> None:
    try:
        ngrams = Ngrams(model(rows, order=order))
    except ValueError:
        return
    state = ngrams.start
    for character in "abba0Z\n":
        cost, state = ngrams.after(state, character)
        assert cost >= 0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("no base64!", "damaged"),
        (base64.b64encode(b"no zlib").decode(), "damaged"),
        (base64.b64encode(zlib.compress(bytes(7))).decode(), "cut off"),
        (base64.b64encode(zlib.compress(bytes(60))[:-4]).decode(), "cut off"),
        (base64.b64encode(zlib.compress(bytes(1 << 23))).decode(), "larger"),
        (packed(np.array([(0, 0, 0, 2), (1, 0, 0, 0)], NODE)), "no tree"),
        (packed(np.array([(0, 0, 0, 1), (0, 0, 0, 0), (0, 0, 0, 0)], NODE)), "no tree"),
        (packed(np.array([(0, 0, 0, 1), (9, 0, 0, 0)], NODE)), "characters that it doesn't name"),
        (packed(np.array([(0, 0, 0, 1), (1, 0, 0, 1), (1, 0, 0, 1), (1, 0, 0, 0)], NODE)), "longer n-grams"),
        ("", "damaged|cut off"),
    ],
)
def test_a_damaged_table_is_refused(table: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Ngrams(model(table=table))


def test_packing_is_undone() -> None:
    rows = np.array(ROWS, NODE)
    assert (unpacked(packed(rows)) == rows).all()


@pytest.mark.parametrize("changes", [{"order": 0}, {"weight": math.nan}, {"characters": ""}, {"bonus": 1e9}])
def test_fields_have_bounds(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model(**changes)
