"""Logical and display order: known answers, and the way there and back."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy import text_order
from crnn_deploy.errors import InputError
from crnn_deploy.text_order import line_direction, runs_right_to_left, to_display, to_logical

SHALOM, SEFER = "\u05e9\u05dc\u05d5\u05dd", "\u05e1\u05e4\u05e8"
MOLAHS, REFES = SHALOM[::-1], SEFER[::-1]
KITAB = "\u0643\u062a\u0627\u0628"
BATIK = KITAB[::-1]

KNOWN = {
    "one word": (SHALOM, MOLAHS),
    "digits keep their order": (f"{SHALOM} 2024", f"2024 {MOLAHS}"),
    "signs of a date in Hebrew": (f"{SHALOM} 12-31", f"12-31 {MOLAHS}"),
    "signs between Arabic numbers turn": (f"{KITAB} 10-20", f"20-10 {BATIK}"),
    "a percent sign in Arabic": (f"{KITAB} 50%", f"%50 {BATIK}"),
    "Arabic digits": (f"{KITAB} \u0663\u0664", f"\u0663\u0664 {BATIK}"),
    "brackets are mirrored": (f"({SHALOM}) <{SEFER}>", f"<{REFES}> ({MOLAHS})"),
    "brackets around Latin": (f"{SHALOM} (abc) {SEFER}", f"{REFES} (abc) {MOLAHS}"),
    "an open bracket": (f"{SHALOM} (abc", f"abc) {MOLAHS}"),
    "a Latin word inside": (f"{SHALOM} abc {SEFER}", f"{REFES} abc {MOLAHS}"),
    "a Latin word first": (f"OCR {SHALOM} {SEFER}", f"{REFES} {MOLAHS} OCR"),
    "a full stop at the end": (f"{SHALOM} {SEFER}.", f".{REFES} {MOLAHS}"),
    "a Hebrew word in English": (f"the word {SHALOM} (peace).", f"the word {MOLAHS} (peace)."),
    "marks go with their letter": ("\u05d0\u05b5\u05d1", "\u05d1\u05b5\u05d0"),
}


@pytest.mark.parametrize("case", KNOWN)
def test_known_answers_there_and_back(case: str) -> None:
    logical, displayed = KNOWN[case]
    assert to_display(logical) == displayed
    assert to_logical(displayed) == logical


@pytest.mark.parametrize("text", ["", "abc (1) [2]", "\u4e2d\u6587\u3002", "e\u0301 \u0928\u0940", "12/5 \u2264 3"])
def test_other_texts_stay_without_the_library(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_order, "_library", lambda: pytest.fail("asked for"))
    assert (to_display(text), to_logical(text), runs_right_to_left(text)) == (text, text, False)


def test_of_two_texts_that_look_the_same_one_is_taken() -> None:
    """A number beside a Latin word may be read before it or after it."""
    before, after = f"{SHALOM} 12 abc {SEFER}", f"{SHALOM} abc 12 {SEFER}"
    looks = f"{REFES} abc 12 {MOLAHS}"
    assert to_display(before) == to_display(after) == looks
    assert to_logical(looks) == before


words = st.text(st.sampled_from("\u05d0\u05d1\u05d2\u05e9\u05b4"), min_size=1, max_size=6).map(lambda w: f"\u05d0{w}")
numbers = st.from_regex(r"[0-9]{1,4}([.,:/-][0-9]{1,3})?%?", fullmatch=True)
closed = st.builds("{0[0]}{1}{0[1]}".format, st.sampled_from(["()", "[]", "<>", "\u00ab\u00bb", '""']), words | numbers)
lines = st.lists(words | numbers | closed, min_size=1, max_size=7).map(" ".join)


@given(lines, st.booleans())
def test_lines_of_one_direction_come_back(line: str, arabic: bool) -> None:
    if arabic:
        line = line.translate(str.maketrans("\u05d0\u05d1\u05d2\u05e9\u05b4", "\u0627\u0628\u062a\u0634\u0651"))
    assert to_logical(to_display(line)) == line


@given(st.text(st.sampled_from(f"ab1(<{SHALOM}{KITAB}\u0663 .-%\u200f\u202e\u2067\u2069\U000e01ef\n"), max_size=30))
def test_no_character_is_lost_and_the_direction_is_that_of_both_orders(text: str) -> None:
    displayed = to_display(text)
    if "\U000e01ef" not in text:
        bare = str.maketrans(")>", "(<")
        assert sorted(displayed.translate(bare)) == sorted(to_logical(text).translate(bare)) == sorted(text)
    assert line_direction(displayed) == line_direction(text)


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bidi", None)
    text_order._library.cache_clear()
    with pytest.raises(InputError, match="python-bidi") as raised:
        to_display(SHALOM)
    assert "crnn-deploy[bidi]" in raised.value.fix
    assert to_display("abc") == "abc"
    text_order._library.cache_clear()
