"""A teacher may be asked for a share of the lines, if the others have labels to learn from."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.artifact import Artifact
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.training.distill import distill
from crnn_deploy.training.teachers.asking import Teacher, TeacherAnswers

from .tiny import distill_config


def test_a_teacher_may_be_asked_for_a_share_of_the_lines(
    student: Path, lines: Path, able_teacher: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = Teacher.answers

    def counted(self: Teacher, source: Source, progress: Progress) -> TeacherAnswers:
        asked.append(len(source))
        return ask(self, source, progress)

    monkeypatch.setattr(Teacher, "answers", counted)
    config = distill_config(able_teacher, lines, student, epochs=1, losses=["ctc", "frame-kl"], ask_share=0.3)
    notes = distill(config).spec.lineage[-1].notes
    assert notes["taught_by"]
    assert 0 < sum(asked) < 0.6 * len(open_source(lines))


@pytest.mark.parametrize(
    ("losses", "message"),
    [(["frame-kl"], "need a loss on labels"), (["ctc", "features"], "only the losses")],
)
def test_a_share_needs_losses_that_can_leave_lines_out(
    student: Path, lines: Path, able_teacher: Artifact, losses: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        distill(distill_config(able_teacher, lines, student, losses=losses, ask_share=0.5))


def test_a_share_needs_lines_that_have_labels(student: Path, lines: Path, able_teacher: Artifact) -> None:
    with pytest.raises(InputError, match="all lines need labels"):
        distill(distill_config(able_teacher, lines, student, losses=["ctc", "frame-kl"], labels=False, ask_share=0.5))
