"""The likeliest classes of frames hold what matters, and what is left out is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.training.teachers.likeliest import MOST_CLASSES, all_classes, likeliest


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 200), st.floats(0.1, 8))
def test_they_and_the_rest_are_the_whole(seed: int, frames: int, classes: int, spread: float) -> None:
    logits = np.random.default_rng(seed).normal(0, spread, (frames, classes)).astype(np.float32)
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    kept = likeliest(log_probs)
    present = kept.log_probs > -np.inf
    assert len(kept) == frames
    assert present.sum(1).min() >= 1
    assert present.sum(1).max() == kept.classes.shape[1] <= MOST_CLASSES
    assert np.array_equal(kept.best, log_probs.argmax(1))
    assert np.all(kept.log_probs[:, 1:] <= kept.log_probs[:, :-1])
    told = np.take_along_axis(log_probs, kept.classes, 1)
    assert np.array_equal(kept.log_probs[present], told[present])
    assert np.array_equal(np.broadcast_to(kept.classes[:, :1], present.shape)[~present], kept.classes[~present])
    assert np.exp(kept.log_probs).sum(1) + np.exp(kept.rest) == pytest.approx(1, abs=1e-5)


def test_there_is_no_rest_where_all_classes_are_kept() -> None:
    frames = likeliest(np.log(np.array([[0.5, 0.3, 0.2], [0.9, 0.1, 1e-9]], np.float32)))
    assert frames.rest[0] == -np.inf
    assert frames.rest[1] < np.log(1e-6)
    assert frames.classes.tolist() == [[0, 1, 2], [0, 1, 0]]


def test_a_class_is_found_among_them() -> None:
    frames = likeliest(np.log(np.array([[0.7, 0.2, 0.1], [0.0001, 0.00005, 0.99985]], np.float32)))
    assert np.exp(frames.of(1)) == pytest.approx([0.2, 0])
    assert np.exp(frames[1:].of(2)) == pytest.approx([0.99985])


def test_the_frame_of_a_classifier_keeps_all_classes() -> None:
    log_probs = np.log(np.full((1, 100), 0.01, np.float32))
    frame = all_classes(log_probs)
    assert frame.classes.tolist() == [list(range(100))]
    assert frame.rest.tolist() == [-np.inf]
