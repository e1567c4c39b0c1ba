"""From text to classes and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec, NormalForm
from crnn_deploy.text_encoding import TextEncoder, normalized

MULTI = ("a", "b", "क्ष", "क", "ab", "bb")


def spec(charset: str | tuple[str, ...], blank: int = 0, form: NormalForm = "NFC") -> ModelSpec:
    return ModelSpec(name="m", charset=charset, blank=blank, normal_form=form, preprocessing=Preprocessing(height=32))


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


ACUTE, DIAERESIS, MACRON = "\u0301", "\u0308", "\u0304"


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
@pytest.mark.parametrize("text", ["caf\u00e9", f"cafe{ACUTE}"], ids=["composed", "decomposed"])
@pytest.mark.parametrize(
    ("charset", "classes"),
    [
        ("acf\u00e9", [2, 1, 3, 4]),
        (f"acef{ACUTE}", [2, 1, 4, 3, 5]),
        (("a", "c", "f", f"e{ACUTE}"), [2, 1, 3, 4]),
        ("ACF\u00c9", [2, 1, 3, 4]),
    ],
    ids=["composed", "decomposed", "a class of two characters", "the other case"],
)
def test_labels_and_charset_may_spell_a_character_differently(
    form: NormalForm, text: str, charset: str | tuple[str, ...], classes: list[int]
) -> None:
    encoder = TextEncoder(spec(charset, form=form))
    assert encoder.unknown(text) == []
    assert encoder.classes(text) == classes


@given(
    st.text(st.sampled_from(f"ae\u00e9\u01d6\u1e69\u2126\u212b\u03a9{ACUTE}{DIAERESIS}{MACRON}")),
    st.sampled_from(["NFC", "NFD", "NFKC"]),
    st.sampled_from(["NFC", "NFD", "NFKC"]),
)
def test_what_the_charset_can_spell_decodes_to_the_same_text_in_one_form(
    text: str, form: NormalForm, charset_form: NormalForm
) -> None:
    reader = spec(tuple(sorted(set(normalized(text, charset_form)))) or "x", form=form)
    if charset_form == "NFKC" and form != "NFKC":
        text = normalized(text, "NFKC")  # compatibility characters are other characters
    assert normalized(reader.text(TextEncoder(reader).classes(text)), form) == normalized(text, form)


def test_a_character_is_divided_as_far_as_needed() -> None:
    assert TextEncoder(spec(f"\u00fc{MACRON}")).classes("\u01d6") == [1, 2]
    assert TextEncoder(spec(f"u{MACRON}")).unknown("\u01d6") == ["\u01d6"]


def test_a_charset_of_compatibility_characters_keeps_them_apart_but_in_nfkc() -> None:
    assert TextEncoder(spec("a")).unknown("\uff41") == ["\uff41"]
    assert TextEncoder(spec("a", form="NFKC")).classes("\uff41") == [1]


def test_without_a_normal_form_texts_are_as_they_are() -> None:
    assert TextEncoder(spec("\u00e9", form="none")).unknown(f"e{ACUTE}") == ["e", ACUTE]
    assert TextEncoder(spec(f"e{ACUTE}", form="none")).unknown("\u00e9") == ["\u00e9"]
    assert normalized(f"e{ACUTE}", "none") == f"e{ACUTE}"


def test_of_classes_that_are_one_in_the_normal_form_the_exact_one_counts() -> None:
    assert TextEncoder(spec("\u2126\u03a9")).classes("\u03a9\u2126") == [2, 2]
    assert TextEncoder(spec("\u2126\u212b")).classes("\u03a9\u00c5") == [1, 2]


HEBREW = spec(("\u05e9", "\u05dc", "1", "2", "(", ")", "a", "\u05b4", "\u05d9")).model_copy(
    update={"text_order": "display"}
)


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("\u05e9\u05dc", [2, 1]),
        ("\u05e9\u05dc 12".replace(" ", ""), [3, 4, 2, 1]),
        ("(\u05e9)\u05dc", [2, 5, 1, 6]),
        ("a(12)", [7, 5, 3, 4, 6]),
        ("\ufb1d\u05dc", [2, 8, 9]),
    ],
    ids=["a word", "digits", "brackets", "Latin", "a letter that is divided"],
)
def test_classes_in_display_order_stand_for_text_in_logical_order(text: str, classes: list[int]) -> None:
    """`\ufb1d` is yod with a point below: in the line the point, which comes last, is the more left one."""
    assert TextEncoder(HEBREW).classes(text) == classes
    assert normalized(HEBREW.text(classes), "NFC") == normalized(text, "NFC")
