"""What is learned from texts are probabilities, and more probable texts cost less."""

from __future__ import annotations

import math
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.errors import InputError
from crnn_deploy.language import learning
from crnn_deploy.language.learning import learn
from crnn_deploy.ngrams import END, Ngrams, unpacked

TEXTS = ["TOTAL 12.50", "TOTAL 7.00", "SUBTOTAL 3.10", "GST 6%", "TAX INVOICE", "THANK YOU"]


def cost(ngrams: Ngrams, text: str) -> float:
    total, state = 0.0, ngrams.start
    for character in text + END:
        one, state = ngrams.after(state, character)
        total += one
    return total


def test_look_alikes_are_told_apart_by_what_stands_before() -> None:
    ngrams = Ngrams(learn(TEXTS, 5, 1))
    assert cost(ngrams, "TOTAL") < cost(ngrams, "T0TAL") - 2
    assert cost(ngrams, "GST 6%") < cost(ngrams, "G5T 6%") - 2
    assert cost(ngrams, "TOTAL 81.99") == pytest.approx(cost(ngrams, "TOTAL 12.50"))  # digits are alike


@given(
    texts=st.lists(st.text("ABC 012", min_size=1, max_size=9), min_size=1, max_size=12),
    context=st.text("ABC 0", max_size=5),
    order=st.integers(2, 6),
    least=st.integers(1, 3),
)
@settings(max_examples=100, deadline=None)
def test_the_probabilities_after_any_context_add_up_to_one(
    texts: list[str], context: str, order: int, least: int
) -> None:
    model = learn(texts, order, least)
    ngrams = Ngrams(model)
    state = ngrams.start
    for character in context:
        _, state = ngrams.after(state, character)
    alternatives = sum(math.exp(-ngrams.after(state, c)[0]) * (10 if c == "0" else 1) for c in model.characters)
    assert alternatives == pytest.approx(1, abs=0.09)  # costs are rounded to a sixteenth


def test_unigrams_are_those_of_witten_and_bell() -> None:
    ngrams = Ngrams(learn(["AAB"], 2, 1))  # A twice, B and the end once: 4 characters of 3 kinds
    _, unknown_context = ngrams.after(ngrams.start, "Z")
    assert math.exp(-ngrams.after(unknown_context, "A")[0]) == pytest.approx((2 + 3 / 3) / (4 + 3), rel=0.04)


def test_labels_that_differ_in_digits_count_once() -> None:
    sums = [f"{number}" for number in range(100, 999)]
    assert learn([*sums, "AB"], 3, 1) == learn(["123", "AB"], 3, 1)


def test_the_order_of_texts_does_not_matter() -> None:
    shuffled = random.Random(0).sample(TEXTS, len(TEXTS))
    assert learn(shuffled, 4, 1) == learn(TEXTS, 4, 1)


def test_rare_ngrams_are_left_out_and_single_characters_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(0)
    texts = ["".join(draw.choices(string.ascii_letters, k=20)) for _ in range(200)]
    every, twice = (len(unpacked(learn(texts, 4, least).table)) for least in (1, 2))
    monkeypatch.setattr(learning, "MOST_NGRAMS", 500)
    few = learn(texts, 4, 1)
    assert len(unpacked(few.table)) <= 500 < twice < every
    assert set(few.characters) == {END, *string.ascii_letters}


def test_many_texts_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    every = set(learn(TEXTS, 3, 1).characters)
    monkeypatch.setattr(learning, "_MOST_TEXTS", 2)
    assert set(learn(TEXTS, 3, 1).characters) < every


@pytest.mark.parametrize("texts", [[], ["", "\n"]])
def test_no_texts_are_refused(texts: list[str]) -> None:
    with pytest.raises(InputError, match="no text to learn"):
        learn(texts, 5, 2)


def test_more_characters_than_the_table_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="different characters"):
        learn(["".join(map(chr, range(0x10000, 0x20000)))], 2, 1)
