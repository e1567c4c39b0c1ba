"""What acts on a terminal is shown; what people read stays as it is."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.escaping import json_text, read_tsv_field, tsv_field, visible, visible_lines

ANYTHING = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]0;PWN\x07", r"a\x1b]0;PWN\x07"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b31m", r"\x9b31m"),
        ("user\u202egnp.exe", r"user\u202egnp.exe"),
        ("\ufeffa\u200b", r"\ufeffa\u200b"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\U000e0041"),
        ("\u2028", r"\u2028"),
    ],
)
def test_characters_that_act_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["汉字", "العربية", "हिन्दी", "e\u0301", "👩‍👩‍👧", "👍🏽", "❤️", "می‌خواهم", "a b\u00a0c", "C:\\x"]
)
def test_ordinary_text_stays(text: str) -> None:
    assert visible(text) == text


@given(ANYTHING)
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = visible(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in shown)
    assert len(shown.splitlines()) <= 1
    assert len(visible_lines(f"{shown}\n{text}").split("\n")) == 2 + text.count("\n")


@given(ANYTHING, ANYTHING)
def test_a_field_of_a_table_comes_back(text: str, other: str) -> None:
    field = tsv_field(text)
    assert read_tsv_field(field) == text
    assert "\t" not in field
    assert len(field.splitlines()) <= 1
    assert (tsv_field(other) == field) == (other == text)


@given(st.dictionaries(ANYTHING, ANYTHING | st.lists(ANYTHING)))
def test_json_keeps_all_and_can_be_encoded(data: dict[str, object]) -> None:
    text = json_text(data)
    assert json.loads(text.encode("utf-8")) == data
    assert visible_lines(text) == text


def test_json_of_ordinary_text_is_readable() -> None:
    assert json_text({"a": "é漢"}) == '{\n  "a": "é漢"\n}'
