from __future__ import annotations

import numpy as np
import pytest

from crnn_deploy.evaluation.confidence import confidences
from crnn_deploy.spec import ModelSpec, Preprocessing

PLAIN = Preprocessing(height=8)
READER = ModelSpec(name="reader", charset=("a", "b"), preprocessing=PLAIN)
# Blank, a, b of each frame: "a" over two frames, a blank, "a" again, "b".
LINE = np.array([[[0.1, 0.6, 0.3], [0.05, 0.9, 0.05], [0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.3, 0.5]]], np.float32)


def test_a_character_is_as_sure_as_its_surest_frame() -> None:
    assert confidences(LINE, READER) == pytest.approx([(0.9 + 0.7 + 0.5) / 3])


def test_logits_and_log_probabilities_give_the_same() -> None:
    for same in (np.log(LINE), np.log(LINE) + 3):
        assert confidences(same, READER) == pytest.approx(confidences(LINE, READER), abs=1e-5)


def test_an_empty_line_is_as_sure_as_its_blanks() -> None:
    empty = np.array([[[0.9, 0.05, 0.05], [0.7, 0.2, 0.1]]], np.float32)
    assert confidences(empty, READER) == pytest.approx([0.8])


def test_the_blank_may_be_any_class() -> None:
    spec = READER.model_copy(update={"blank": 2})
    assert confidences(LINE[:, :, [1, 2, 0]], spec) == pytest.approx(confidences(LINE, READER))


def test_a_classifier_is_as_sure_as_its_class() -> None:
    spec = ModelSpec(name="c", task="classify", class_names=("x", "y"), preprocessing=PLAIN)
    assert confidences(np.log(np.array([[0.2, 0.8], [0.6, 0.4]], np.float32)), spec) == pytest.approx([0.8, 0.6])
