"""Answers come back from their bytes as exact as training needs them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.training.teachers.answers import Answer, decode, encode


def answer(seed: int, frames: int, classes: int, features: int | None, spread: float = 4.0) -> Answer:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (frames, classes)).astype(np.float32)
    return Answer(
        log_probs=logits - np.log(np.exp(logits).sum(-1, keepdims=True)),
        trusted=rng.random(frames) < 0.5,
        targets=rng.integers(0, classes, rng.integers(0, 5)),
        confidence=float(rng.random()),
        features=None if features is None else rng.normal(0, 2, (frames, features)).astype(np.float32),
    )


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 40), st.one_of(st.none(), st.integers(1, 16)))
def test_a_round_trip_keeps_what_matters(seed: int, frames: int, classes: int, features: int | None) -> None:
    given_answer = answer(seed, frames, classes, features)
    back = decode(encode(given_answer))
    assert back.log_probs.dtype == np.float32
    assert back.log_probs.shape == given_answer.log_probs.shape
    assert np.abs(np.exp(back.log_probs) - np.exp(given_answer.log_probs)).max() < 5e-4
    likely = given_answer.log_probs > np.log(1.1e-4)
    assert np.abs(back.log_probs - given_answer.log_probs)[likely].max() < 5e-3
    assert (back.log_probs.argmax(-1) == given_answer.log_probs.argmax(-1)).mean() > 0.9  # ties of half precision
    assert np.array_equal(back.trusted, given_answer.trusted)
    assert back.trusted.dtype == np.bool_
    assert np.array_equal(back.targets, given_answer.targets)
    assert abs(back.confidence - given_answer.confidence) < 1e-6
    if features is None:
        assert back.features is None
    else:
        assert back.features is not None
        assert given_answer.features is not None
        assert np.allclose(back.features, given_answer.features, rtol=1e-3, atol=1e-4)


def test_a_sure_answer_of_a_large_charset_is_small() -> None:
    sure = answer(0, 100, 6000, None, spread=0.1)
    sure.log_probs[:] = -20
    sure.log_probs[:, 0] = 0
    assert len(encode(sure)) < 2000  # of 2.4 MB
