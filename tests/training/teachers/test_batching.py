"""Answers of different lengths become one batch at the student's frame rate."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.batching import teacher_batch
from crnn_deploy.training.teachers.likeliest import all_classes, likeliest

READER = ModelSpec(name="reader", charset="ab", preprocessing=Preprocessing(height=32))
SORTER = ModelSpec(name="s", task="classify", class_names=("x", "y"), preprocessing=Preprocessing(height=8, width=8))


def answer(path: list[int], targets: list[int], confidence: float = 1.0, classes: int = 3) -> Answer:
    """Sure of `path`; the features of frame t are t."""
    frames = np.full((len(path), classes), np.log(0.01), np.float32)
    frames[np.arange(len(path)), path] = np.log(0.98)
    features = np.repeat(np.arange(len(path), dtype=np.float32)[:, None], 4, 1)
    kept = all_classes(frames) if classes == 2 else likeliest(frames)
    return Answer(kept, np.array(path) != 2, np.array(targets, np.int64), confidence, features)


def test_frames_features_and_trust_are_resampled_together_and_padded() -> None:
    batch = teacher_batch([answer([0, 1, 0, 0, 2, 0], [1, 2], 0.9), answer([1, 2], [], 0.2)], [3, 4], [3, 4], READER)
    assert batch.log_probs.shape == batch.classes.shape == (2, 4, 3)
    assert batch.classes[0, :3, 0].tolist() == [1, 0, 2]  # down: spikes stay
    assert batch.classes[1, :, 0].tolist() == [1, 1, 2, 2]  # up: frames repeat
    assert batch.features is not None
    assert batch.features[..., 0].tolist() == [[1, 2, 4, 0], [0, 0, 1, 1]]
    assert batch.trusted.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0]]  # nothing trusted in the padding
    assert batch.targets.tolist() == [1, 2]
    assert batch.lengths.tolist() == [2, 0]
    assert batch.confidence.tolist() == pytest.approx([0.9, 0.2])


def test_what_pads_a_line_further_is_as_its_end() -> None:
    batch = teacher_batch([answer([0, 1, 2, 0], [1, 2])], [4], [7], READER)
    assert batch.classes[0, :, 0].tolist() == [0, 1, 2, 0, 0, 0, 0]
    assert batch.features is not None
    assert batch.features[0, :, 0].tolist() == [0, 1, 2, 3, 3, 3, 3]


def test_classifiers_have_no_time() -> None:
    batch = teacher_batch([answer([1], [1], classes=2), answer([0], [0], classes=2)], [1, 1], [1, 1], SORTER)
    assert batch.log_probs.shape == (2, 2)
    assert batch.log_probs.argmax(-1).tolist() == batch.targets.tolist() == [1, 0]
    assert batch.features is not None
    assert batch.features.shape == (2, 4)


def test_features_are_there_only_if_asked_for() -> None:
    plain = Answer(*list(vars(answer([0, 1], [1])).values())[:4])
    batch = teacher_batch([plain], [2], [2], READER)
    assert batch.features is None
    assert batch.to(torch.device("cpu")).features is None
