from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.decoding import BeamSearch, decode, greedy_decode
from crnn_deploy.spec import ModelSpec

BLANK = 2
SPEC = ModelSpec(name="abc", charset=("a", "b", "c"), blank=BLANK, preprocessing=Preprocessing(height=8))
small_logits = st.integers(1, 4).flatmap(
    lambda frames: arrays(np.float32, (1, frames, 4), elements=st.floats(-4, 4, width=32))
)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def collapse(path: tuple[int, ...]) -> str:
    text, previous = "", BLANK
    for k in path:
        if k not in (previous, BLANK):
            text += SPEC.alphabet[k]
        previous = k
    return text


def text_probabilities(logits: np.ndarray) -> dict[str, float]:
    """Probability of every text, by summing over every path."""
    frames = softmax(logits[0].astype(np.float64))
    total: dict[str, float] = {}
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        probability = float(np.prod([frame[k] for frame, k in zip(frames, path, strict=True)]))
        total[collapse(path)] = total.get(collapse(path), 0.0) + probability
    return total


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_both_decoders_collapse_a_certain_path(path: list[int]) -> None:
    logits = 20 * np.eye(4, dtype=np.float32)[[path]]
    assert greedy_decode(logits, SPEC) == [collapse(tuple(path))]
    assert BeamSearch(SPEC, width=4)(logits) == [collapse(tuple(path))]


def test_each_line_of_a_batch_is_decoded_for_itself() -> None:
    paths = [[0, 0, 2, 0], [2, 1, 3, 3], [2, 2, 2, 2]]
    assert greedy_decode(np.eye(4, dtype=np.float32)[paths], SPEC) == ["aa", "bc", ""]


@given(small_logits)
def test_greedy_reads_the_same_from_logits_and_probabilities(logits: np.ndarray) -> None:
    logits = np.round(logits, 1)  # no near-ties that a softmax could round away
    assert greedy_decode(softmax(logits), SPEC) == greedy_decode(logits, SPEC)


@pytest.mark.parametrize("output", [lambda p: p, np.log, lambda p: np.log(p) + 7], ids=["p", "log p", "logits"])
def test_beam_sums_over_paths_where_greedy_takes_one(output) -> None:
    probabilities = np.array([[[0.38, 0.01, 0.6, 0.01], [0.38, 0.01, 0.6, 0.01]]], np.float32)
    # "" has one path of 0.36; "a" has a-, -a and aa: 0.228 + 0.228 + 0.1444 = 0.60
    assert greedy_decode(output(probabilities), SPEC) == [""]
    assert BeamSearch(SPEC, width=3)(output(probabilities)) == ["a"]


@given(small_logits)
def test_a_beam_that_holds_every_prefix_finds_the_most_probable_text(logits: np.ndarray) -> None:
    probabilities = text_probabilities(logits)
    (text,) = BeamSearch(SPEC, width=1000)(logits)
    assert probabilities[text] == pytest.approx(max(probabilities.values()), rel=1e-5)
    assert probabilities[text] >= probabilities[greedy_decode(logits, SPEC)[0]] * (1 - 1e-5)


@pytest.mark.parametrize("width", [1, 4, 5, 6])
def test_a_beam_may_hold_just_the_prefixes_that_there_are(width: int) -> None:
    frame = np.array([[[0.4, 0.3, 0.2, 0.1]]], np.float32)  # 4 prefixes of one frame are possible, 5 are candidates
    assert BeamSearch(SPEC, width)(frame) == ["a"]


def test_beam_handles_impossible_classes() -> None:
    path = np.eye(4, dtype=np.float32)[[[0, 2, 0, 3]]]
    assert BeamSearch(SPEC, width=50)(path) == ["aac"]


def test_a_classifier_gives_the_name_of_its_class() -> None:
    spec = ModelSpec(name="pets", task="classify", class_names=("cat", "dog"), preprocessing=Preprocessing(height=8))
    assert decode(np.array([[0.1, 0.2], [3, -1]], np.float32), spec) == ["dog", "cat"]
