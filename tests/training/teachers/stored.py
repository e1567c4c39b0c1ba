"""One answer, and stores that hold it."""

from __future__ import annotations

import numpy as np

from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.likeliest import likeliest
from crnn_deploy.training.teachers.store import AnswerStore

ANSWER = Answer(likeliest(np.log(np.full((3, 2), 0.5, np.float32))), np.ones(3, bool), np.array([1]), 0.5)


def fill(key: str, images: int = 1) -> None:
    """Put answers for `image 0`, `image 1`, … into the store of this key, and close it."""
    answers = AnswerStore(key)
    answers.put({f"image {i}".encode(): ANSWER for i in range(images)})
    answers.close()
