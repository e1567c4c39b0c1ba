"""Answers come back from their bytes as exact as training needs them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.training.teachers.answers import Answer, decode, encode
from crnn_deploy.training.teachers.likeliest import all_classes, likeliest


def answer(seed: int, frames: int, classes: int, features: int | None, spread: float = 4.0) -> Answer:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (frames, classes)).astype(np.float32)
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return Answer(
        frames=all_classes(log_probs) if frames == 1 else likeliest(log_probs),
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
    told, kept = back.frames, given_answer.frames
    assert told.log_probs.dtype == told.rest.dtype == np.float32
    assert np.array_equal(told.classes, kept.classes)
    present = kept.log_probs > -np.inf
    assert np.array_equal(told.log_probs > -np.inf, present)
    assert np.allclose(told.log_probs[present], kept.log_probs[present], rtol=1e-3, atol=1e-3)
    assert np.abs(np.exp(told.log_probs) - np.exp(kept.log_probs)).max() < 5e-4
    assert np.abs(np.exp(told.rest) - np.exp(kept.rest)).max() < 5e-4
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


def test_the_answer_of_an_unsure_teacher_of_a_large_charset_is_small() -> None:
    unsure = answer(0, 48, 18_710, None, spread=0.1)
    assert unsure.frames.classes.shape == (48, 1)  # each class is less probable than one that is kept
    less = answer(0, 48, 18_710, None, spread=3.0)
    assert less.frames.classes.shape == (48, 32)
    assert len(encode(less)) < 48 * 32 * 6  # of 3.6 MB
