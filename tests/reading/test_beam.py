"""The beam search finds what a search over the whole alphabet finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crnn_deploy.reading import beam
from crnn_deploy.reading.beam import best_prefix

Scores = dict[tuple[int, ...], tuple[float, float]]


def whole_search(probabilities: NDArray[np.float64], blank: int, width: int) -> tuple[list[int], float]:
    """The best text with all classes tried in each frame, and how much more probable it is than the next one."""
    texts: Scores = {(): (1.0, 0.0)}
    for frame in probabilities.tolist():
        grown: Scores = {}

        def add(text: tuple[int, ...], in_blank: float, in_character: float, grown: Scores = grown) -> None:
            before = grown.get(text, (0.0, 0.0))
            grown[text] = before[0] + in_blank, before[1] + in_character

        for text, (in_blank, in_character) in texts.items():
            add(text, (in_blank + in_character) * frame[blank], in_character * frame[text[-1]] if text else 0.0)
            for label, share in enumerate(frame):
                if label != blank:
                    repeats = bool(text) and text[-1] == label
                    add((*text, label), 0.0, (in_blank if repeats else in_blank + in_character) * share)
        texts = dict(sorted(grown.items(), key=lambda entry: -sum(entry[1]))[:width])
    scores = [sum(score) for score in texts.values()]
    return list(next(iter(texts))), scores[0] / max(scores[1] if len(scores) > 1 else 0.0, 1e-300)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    frames=st.integers(1, 9),
    classes=st.integers(2, 60),
    width=st.sampled_from([1, 2, 3, 5, 8, 20]),
    spread=st.sampled_from([0.3, 1.0, 4.0]),
    lift=st.sampled_from([0.0, 3.0]),
)
def test_it_reads_as_the_search_over_all_classes(
    seed: int, frames: int, classes: int, width: int, spread: float, lift: float
) -> None:
    logits = np.random.default_rng(seed).normal(0, spread, (frames, classes)).astype(np.float32)
    blank = seed % classes
    logits[:, blank] += lift
    text, ahead = whole_search(softmax(logits.astype(np.float64)), blank, width)
    if ahead > 1 + 1e-6:
        assert best_prefix(logits, blank, width) == text
        assert best_prefix(softmax(logits), blank, width, logarithmic=False) == text


@pytest.mark.parametrize("classes", [97, 6625])
def test_the_likeliest_characters_of_large_alphabets_are_found(classes: int) -> None:
    output = np.random.default_rng(1).normal(0, 3, (5, classes)).astype(np.float32)
    for row, found in zip(output, beam._Frames(output, 0, 8, 0.0, True).likeliest, strict=True):
        expected = [label for label in np.argsort(-row).tolist() if label != 0][:9]
        assert [label for label, _ in found] == expected
        assert found[0][1] == pytest.approx(np.exp(row[expected[0]] - row.max()))


@pytest.mark.parametrize("least", [0.0, -27.6])
def test_of_many_equal_values_few_are_searched(least: float) -> None:
    output = np.full((48, 18_710), least, np.float32)
    output[np.arange(48), np.tile([0, 1, 0, 2], 12)] = 1 if least == 0 else -1e-6
    assert best_prefix(output, 0, 8, logarithmic=least < 0) == [1, 2] * 12
    assert len(beam._Frames(output, 0, 8, 0.0, least < 0)._found(10)) == 48 * 10


def test_a_long_line_neither_overflows_nor_vanishes() -> None:
    output = np.random.default_rng(2).normal(0, 1, (4000, 50)).astype(np.float32)
    assert 2000 < len(best_prefix(output, 0, 4)) <= 4000


class Bigrams:
    """A language whose state is the last class, with random factors."""

    start = -1

    def __init__(self, seed: int, classes: int) -> None:
        self.factors = np.random.default_rng(seed).uniform(0.2, 2, (classes + 1, classes + 1))

    def grown(self, state: int, label: int) -> tuple[float, int]:
        return float(self.factors[state, label]), label

    def ended(self, state: int) -> float:
        return float(self.factors[state, -1])

    def of(self, text: tuple[int, ...]) -> float:
        factor, state = 1.0, self.start
        for label in text:
            one, state = self.grown(state, label)
            factor *= one
        return factor * self.ended(state)


def texts_of(probabilities: NDArray[np.float64], blank: int) -> dict[tuple[int, ...], float]:
    """How probable each text is, by all paths."""
    totals: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(probabilities.shape[1]), repeat=len(probabilities)):
        text = tuple(label for label, _ in itertools.groupby(path) if label != blank)
        totals[text] = totals.get(text, 0.0) + float(np.prod(probabilities[range(len(path)), path]))
    return totals


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), frames=st.integers(1, 5), classes=st.integers(2, 4))
def test_a_language_counts_in_with_each_character_and_the_end(seed: int, frames: int, classes: int) -> None:
    logits = np.random.default_rng(seed).uniform(-2, 2, (frames, classes)).astype(np.float32)
    blank, language = seed % classes, Bigrams(seed, classes)
    scores = {text: p * language.of(text) for text, p in texts_of(softmax(logits.astype(np.float64)), blank).items()}
    best, second = sorted(scores.values(), reverse=True)[:2] if len(scores) > 1 else (1.0, 0.0)
    if best > second * (1 + 1e-5):
        assert scores[tuple(best_prefix(logits, blank, 1000, language))] == best


def test_a_language_that_knows_nothing_changes_nothing() -> None:
    language = Bigrams(0, 6)
    language.factors[:] = 1
    logits = np.random.default_rng(1).normal(0, 2, (40, 6)).astype(np.float32)
    assert best_prefix(logits, 0, 20, language) == best_prefix(logits, 0, 20)
