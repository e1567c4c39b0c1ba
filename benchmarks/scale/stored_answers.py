"""Gives each image of a source the same answer of a small teacher, as if that had been asked for all of them."""

from __future__ import annotations

from pathlib import Path

import lmdb
import numpy as np

from crnn_deploy.artifact import open_artifact, write_safetensors
from crnn_deploy.cache_limit import cache_place
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers.answers import Answer, encode
from crnn_deploy.training.teachers.asking import AskOptions, Teacher
from crnn_deploy.training.teachers.likeliest import likeliest

_FRAMES = 30
_AT_ONCE = 50_000


def store_answers(location: str, teacher: Path) -> None:
    """Write a teacher without training, and answers for all images of a source into the cache."""
    source = open_source(location)
    spec = _spec(source)
    write_safetensors(teacher, build(spec).state_dict(), spec, force=True)
    key = Teacher(open_artifact(teacher), spec, AskOptions())._key()
    folder = cache_place("teachers") / key
    folder.mkdir(parents=True)
    answer = encode(_answer(spec.num_outputs))
    contents = sorted(source.facts().contents())
    with lmdb.open(str(folder), map_size=1 << 36, sync=False) as database:
        for start in range(0, len(contents), _AT_ONCE):
            with database.begin(write=True) as transaction:
                for content in contents[start : start + _AT_ONCE]:
                    transaction.put(content, answer, append=True)


def _spec(source: Source) -> ModelSpec:
    characters = sorted({c for index in range(min(2000, len(source))) for c in source.text(index)})
    seen = ModelSpec(name="seen", charset=tuple(characters), preprocessing=Preprocessing(height=32))
    return student_spec("teacher", StudentChoice(), seen)


def _answer(classes: int) -> Answer:
    """A character in every other frame, of which the teacher is sure but for one other."""
    log_probs = np.full((_FRAMES, classes), -20, np.float32)
    log_probs[::2, 0] = 0
    targets = 1 + np.arange(1, _FRAMES, 2) % (classes - 1)
    log_probs[np.arange(1, _FRAMES, 2), targets] = np.log(0.95)
    log_probs[np.arange(1, _FRAMES, 2), 1 + targets % (classes - 1)] = np.log(0.05)
    return Answer(likeliest(log_probs), np.ones(_FRAMES, np.bool_), targets, 0.95)
