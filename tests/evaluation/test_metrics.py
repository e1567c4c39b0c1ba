from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.evaluation.metrics import class_ratios, text_ratios


def values(references: list[str], texts: list[str]) -> dict[str, float]:
    return {name: ratio.value for name, ratio in text_ratios(references, texts).items()}


def test_figures_by_hand() -> None:
    # distances 3, 1 (one case), 0 over 6 + 4 + 2 characters
    figures = values(["kitten", "Line", "ok"], ["sitting", "line", "ok"])
    assert figures["cer"] == pytest.approx(4 / 12)
    assert figures["cer_ci"] == pytest.approx(3 / 12)
    assert figures["word_accuracy"] == pytest.approx(1 / 3)
    assert figures["word_accuracy_ci"] == pytest.approx(2 / 3)


def test_long_lines_weigh_more_than_short_ones() -> None:
    assert values(["a", "bbbbbbbbb"], ["x", "bbbbbbbbb"])["cer"] == pytest.approx(0.1)


def test_insertions_can_push_the_error_rate_above_one() -> None:
    assert values(["a"], ["bcd"])["cer"] == 3.0


def test_case_folding_knows_more_than_ascii() -> None:
    figures = values(["STRASSE ÉTÉ"], ["straße été"])
    assert figures["cer_ci"] == 0
    assert figures["cer"] > 0


@given(st.lists(st.text(), min_size=1).filter(any))
def test_equal_texts_are_free_of_errors(texts: list[str]) -> None:
    assert values(texts, texts) == {"cer": 0, "cer_ci": 0, "word_accuracy": 1, "word_accuracy_ci": 1}


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), min_size=1))
def test_case_insensitive_words_are_never_fewer(pairs: list[tuple[str, str]]) -> None:
    figures = values([reference for reference, _ in pairs], [text for _, text in pairs])
    assert figures["word_accuracy_ci"] >= figures["word_accuracy"]
    assert figures["cer"] >= 0


def test_top1_counts_equal_names() -> None:
    assert class_ratios(["cat", "dog", "dog"], ["cat", "cat", "dog"])["top1"].value == pytest.approx(2 / 3)


def test_top5_counts_names_among_the_best() -> None:
    figures = class_ratios(["cat", "dog"], ["cow", "dog"], [("cow", "cat"), ("dog", "cow")])
    assert (figures["top1"].value, figures["top5"].value) == (0.5, 1.0)
    assert set(class_ratios(["cat"], ["cat"])) == {"top1"}
