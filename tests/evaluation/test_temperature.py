from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crnn_deploy.evaluation.temperature import FEWEST, fit_temperature
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

PLAIN = Preprocessing(height=8)
CLASSES = ModelSpec(name="c", task="classify", class_names=("x", "y", "z"), preprocessing=PLAIN)
LINES = ModelSpec(name="r", charset=("a", "b"), preprocessing=PLAIN)
FRAMES = 3


def sampled(shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """A class for each row, drawn with its probabilities."""
    return (shares.cumsum(-1) > rng.random((*shares.shape[:-1], 1))).argmax(-1)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
def test_the_temperature_of_a_classifier_is_found(temperature: float) -> None:
    """Classes are drawn with the probabilities at a temperature, so that this one is right."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 3, (4000, 3))
    truth = sampled(softmax(logits / temperature), rng)
    found = fit_temperature([logits.astype(np.float32)], [CLASSES.class_names[k] for k in truth], CLASSES)
    assert found == pytest.approx(temperature, rel=0.2)


def test_the_temperature_of_lines_is_found() -> None:
    """Lines of characters that stand between blanks: each is drawn with its probability at temperature 2."""
    rng = np.random.default_rng(2)
    logits = np.full((3000, 2 * FRAMES, 3), -20.0)
    logits[:, 1::2, 0] = 20.0  # the blank
    logits[:, ::2, 1:] = rng.normal(0, 4, (3000, FRAMES, 2))
    truth = sampled(softmax(logits[:, ::2, 1:] / 2), rng)
    references = ["".join("ab"[k] for k in line) for line in truth]
    batches = np.array_split(logits.astype(np.float32), 7)
    assert fit_temperature(batches, references, LINES) == pytest.approx(2, rel=0.2)
    assert fit_temperature(batches, [each.upper() for each in references], LINES) == pytest.approx(2, rel=0.2)


@pytest.mark.parametrize("wrong", [0, FEWEST - 1, 100 - FEWEST + 1, 100])
def test_nothing_is_fitted_to_a_few_images(wrong: int) -> None:
    logits = np.tile(np.array([[3.0, 0, 0]], np.float32), (100, 1))
    references = ["y"] * wrong + ["x"] * (100 - wrong)
    assert fit_temperature([logits], references, CLASSES) is None
