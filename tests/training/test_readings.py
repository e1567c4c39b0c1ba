"""A teacher's readings as labels of a validation set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.artifact import Artifact
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT
from crnn_deploy.training.readings import PseudoLabelled
from crnn_deploy.training.teachers.asking import AskOptions, Teacher

from .tiny import draw_lines


def test_images_that_the_teacher_reads_are_labelled_lines(tmp_path: Path, unseen: Path, able_teacher: Artifact) -> None:
    images = open_source(draw_lines(tmp_path / "images", 40, seed=2, labelled=False))
    truth = open_source(unseen)  # the same images
    with Teacher(able_teacher, able_teacher.spec, AskOptions()) as teacher:
        labelled = PseudoLabelled(images, teacher.answers(images, SILENT), able_teacher.spec)
    assert labelled.kind == "text"
    texts = {labelled.item_name(i): labelled.text(i) for i in range(len(labelled))}
    right = [texts.get(truth.item_name(i)) == truth.text(i) for i in range(len(truth))]
    assert sum(right) > 30
    assert labelled.class_index(0) == -1


def test_images_that_the_student_could_not_write_are_left_out(unseen: Path, able_teacher: Artifact) -> None:
    source = open_source(unseen)
    student = able_teacher.spec.model_copy(update={"charset": tuple("ABC")})
    with Teacher(able_teacher, student, AskOptions()) as teacher:
        labelled = PseudoLabelled(source, teacher.answers(source, SILENT), student)
    assert 0 < len(labelled) < len(source)
    assert not any("D" in labelled.text(i) for i in range(len(labelled)))


def test_unsure_readings_are_left_out(unseen: Path, able_teacher: Artifact) -> None:
    source = open_source(unseen)
    with Teacher(able_teacher, able_teacher.spec, AskOptions()) as teacher:
        answers = teacher.answers(source, SILENT)
        least = float(np.median([answers[i].confidence for i in range(len(source))]))
        kept = PseudoLabelled(source, answers, able_teacher.spec, confidence=least)
        with pytest.raises(InputError, match=r"less than 1\.1 sure of all its readings") as raised:
            PseudoLabelled(source, answers, able_teacher.spec, confidence=1.1)
        sure = [i for i in range(len(source)) if answers[i].confidence >= least]
    assert "--confidence" in raised.value.fix
    assert 0 < len(sure) < len(source)
    assert [kept.item_name(i) for i in range(len(kept))] == [source.item_name(i) for i in sure]
