"""A student that is too coarse for its teacher's frames is told before the training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from told import Told

from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.frame_rates import check_frame_rates
from crnn_deploy.training.teachers.likeliest import likeliest

from ..tiny import ALPHABET, draw_lines

LIKE = ModelSpec(name="teacher", charset=ALPHABET, preprocessing=Preprocessing(height=32))


class Dense:
    """Answers in which a character stands in every other frame of 4 pixels."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __getitem__(self, item: int) -> Answer:
        width = LIKE.preprocessing.padded_width(*self._source.image(item).size)
        path = np.tile([1, 0, 2, 0], width // 16)
        log_probs = np.log(0.96 * np.eye(5, dtype=np.float32)[path] + 0.008)
        return Answer(likeliest(log_probs), np.ones(len(path), bool), np.array([1]), 1.0)


def student(stride: int) -> ModelSpec:
    return student_spec("student", StudentChoice(stride=stride), LIKE)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return open_source(draw_lines(tmp_path / "lines", 6, seed=1))


def test_at_the_teachers_own_rate_all_survive(source: Source) -> None:
    told = Told()
    (share,) = check_frame_rates([Dense(source)], source, student(4), frames_teach=True, progress=told)  # type: ignore[list-item]
    assert share > 0.95
    assert "survive at the student's frame rate" in told.lines[0]


def test_too_few_frames_are_refused_where_frames_teach(source: Source) -> None:
    class Denser(Dense):
        def __getitem__(self, item: int) -> Answer:
            dense = super().__getitem__(item)
            path = np.tile([1, 2, 3, 4], len(dense.frames) // 4)  # a character in every frame
            log_probs = np.log(0.96 * np.eye(5, dtype=np.float32)[path] + 0.008)
            return Answer(likeliest(log_probs), dense.trusted, dense.targets, 1.0)

    with pytest.raises(InputError, match="too few frames for these lines") as refused:
        check_frame_rates([Denser(source)], source, student(8), frames_teach=True, progress=Told())  # type: ignore[list-item]
    assert "smaller stride" in refused.value.fix
    (share,) = check_frame_rates([Denser(source)], source, student(8), frames_teach=False, progress=Told())  # type: ignore[list-item]
    assert share < 0.8
