"""Checks that a teacher's characters can still be read at the student's frame rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import stride_of
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers.alignment import chosen_frames, spikes_kept
from crnn_deploy.training.teachers.asking import TeacherAnswers

_SAMPLE = 500  # lines
_LEAST = 0.8  # with a smaller share of the characters, frames teach the student to leave some out


def check_frame_rates(
    teachers: Sequence[TeacherAnswers], source: Source, spec: ModelSpec, frames_teach: bool, progress: Progress
) -> list[float]:
    """The share of each teacher's characters that can still be read at the student's frame rate, on a sample.

    Args:
        frames_teach: whether a loss compares the frames of student and teacher.

    Raises:
        InputError: if frames teach, and too many characters are lost.
    """
    shares = [_share(answers, source, spec) for answers in teachers]
    text = ", ".join(f"{share:.1%}" for share in shares)
    if frames_teach and min(shares) < _LEAST:
        raise InputError(
            f"Only {min(shares):.1%} of the teacher's characters survive at the student's frame rate.",
            f"The student has a frame for every {stride_of(spec)} pixels, which are too few frames for these lines.",
            "Take a student with a smaller stride, or use --loss pseudo-labels instead of frames.",
        )
    progress.log(f"{text} of the teacher's characters survive at the student's frame rate")
    return [round(share, 4) for share in shares]


def _share(answers: TeacherAnswers, source: Source, spec: ModelSpec) -> float:
    kept = []
    for i in range(min(_SAMPLE, len(source))):
        frames = answers[i].frames
        length = Preprocessor(spec.preprocessing).line_size(source.image(i)) // stride_of(spec)
        kept.append(spikes_kept(frames, frames[chosen_frames(frames, length, spec.blank)], spec.blank))
    return float(np.mean(kept))
