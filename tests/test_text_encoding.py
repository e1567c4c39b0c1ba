"""From text to classes and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import TextEncoder

MULTI = ("a", "b", "क्ष", "क", "ab", "bb")


def spec(charset: str | tuple[str, ...], blank: int = 0) -> ModelSpec:
    return ModelSpec(name="m", charset=charset, blank=blank, preprocessing=Preprocessing(height=32))


@pytest.mark.parametrize(
    ("charset", "text", "classes"),
    [
        ("ABCD", "aBc", [1, 2, 3]),
        ("ABab", "ABab", [1, 2, 3, 4]),
        ("0123456788", "878", [9, 8, 9]),
        ("AA", "aA", [1, 1]),
        (MULTI, "aक्षक", [1, 3, 4]),
        (MULTI, "abbab", [5, 2, 5]),
        (MULTI, "bbb", [6, 2]),
        (("", "a"), "a", [2]),
        ("ßs", "ss", [2, 2]),
    ],
)
def test_the_longest_class_that_fits_is_taken_and_the_first_of_equal_ones(
    charset: str, text: str, classes: list[int]
) -> None:
    assert TextEncoder(spec(charset)).classes(text) == classes


@given(st.lists(st.sampled_from(MULTI)).map("".join), st.integers(0, len(MULTI)))
def test_what_is_encoded_decodes_to_the_same_text(text: str, blank: int) -> None:
    reader = spec(MULTI, blank)
    assert reader.text(TextEncoder(reader).classes(text)) == text


def test_characters_without_a_class_are_named() -> None:
    encoder = TextEncoder(spec(("a", "क्ष")))
    assert encoder.unknown("aक्षxक") == ["x", "क"]
    assert encoder.unknown("Aa") == []
