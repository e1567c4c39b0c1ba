from __future__ import annotations

import math

import numpy as np
import pytest

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.spec import ModelSpec

PLAIN = Preprocessing(height=8)
READER = ModelSpec(name="reader", charset=("a", "b"), preprocessing=PLAIN)
# Blank, a, b of each frame: "a" over two frames, a blank, "a" again, "b".
LINE = np.array([[[0.1, 0.6, 0.3], [0.05, 0.9, 0.05], [0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.3, 0.5]]], np.float32)


def test_a_character_is_as_sure_as_its_surest_frame() -> None:
    assert confidences(LINE, READER) == pytest.approx([0.9 * 0.7 * 0.5])


@pytest.mark.parametrize(("count", "frames"), [(2, 3), (3, 3), (4, 6), (5, 1)])
def test_each_line_of_a_batch_is_judged_by_its_own_frames_and_classes(count: int, frames: int) -> None:
    probabilities = np.random.default_rng(count).dirichlet([0.3] * 3, (count, frames)).astype(np.float32)
    expected = []
    for line in probabilities.tolist():
        path = [frame.index(max(frame)) for frame in line]
        begins = [t for t in range(frames) if path[t] and (t == 0 or path[t] != path[t - 1])]
        ends = [next((t for t in range(begin, frames) if path[t] != path[begin]), frames) for begin in begins]
        runs = [max(max(line[t]) for t in range(begin, end)) for begin, end in zip(begins, ends, strict=True)]
        runs = runs or [max(frame) for frame in line]
        expected.append(math.prod(runs))
    assert confidences(probabilities, READER) == pytest.approx(expected, abs=1e-5)
    assert confidences(np.log(probabilities + 1e-9), READER) == pytest.approx(expected, abs=1e-4)


def test_logits_and_log_probabilities_give_the_same() -> None:
    for same in (np.log(LINE), np.log(LINE) + 3):
        assert confidences(same, READER) == pytest.approx(confidences(LINE, READER), abs=1e-5)


def test_an_empty_line_is_as_sure_as_all_its_blanks() -> None:
    empty = np.array([[[0.9, 0.05, 0.05], [0.7, 0.2, 0.1]]], np.float32)
    assert confidences(empty, READER) == pytest.approx([0.63])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_divides_logits(temperature: float) -> None:
    spec = READER.model_copy(update={"temperature": temperature})
    shares = LINE ** (1 / temperature)
    shares /= shares.sum(-1, keepdims=True)
    expected = [shares[0, 1, 1] * shares[0, 3, 1] * shares[0, 4, 2]]
    for same in (LINE, np.log(LINE), np.log(LINE) + 3):
        assert confidences(same, spec) == pytest.approx(expected, rel=1e-4)


def test_the_blank_may_be_any_class() -> None:
    spec = READER.model_copy(update={"blank": 2})
    assert confidences(LINE[:, :, [1, 2, 0]], spec) == pytest.approx(confidences(LINE, READER))


def test_a_classifier_is_as_sure_as_its_class() -> None:
    spec = ModelSpec(name="c", task="classify", class_names=("x", "y"), preprocessing=PLAIN)
    assert confidences(np.log(np.array([[0.2, 0.8], [0.6, 0.4]], np.float32)), spec) == pytest.approx([0.8, 0.6])
    three = np.array([[0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], np.float32)
    assert confidences(three, spec) == pytest.approx([0.8, 0.6, 0.7])
