"""A teacher is asked about each image once, whoever asks, and however often the asking is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from told import Told

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers import asking
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.asking import AskOptions, Teacher
from crnn_deploy.training.teachers.likeliest import Likeliest
from crnn_deploy.training.teachers.model import TeacherModel
from crnn_deploy.training.teachers.store import AnswerStore

from ..tiny import StopAfter, draw_classes, draw_lines

MakeTeacher = Callable[..., Artifact]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each question had."""
    sizes: list[int] = []
    run = TeacherModel.run

    def counting(self: TeacherModel, images: NDArray[np.float32]) -> object:
        sizes.append(len(images))
        return run(self, images)

    monkeypatch.setattr(TeacherModel, "run", counting)
    return sizes


def same(first: Likeliest, second: Likeliest) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(vars(first).values(), vars(second).values(), strict=True))


def ask(
    artifact: Artifact, data: Path, student: ModelSpec, progress: Progress = SILENT, **options: object
) -> list[Answer]:
    source = open_source(data)
    with Teacher(artifact, student, AskOptions.model_validate(options)) as teacher:
        answers = teacher.answers(source, progress)
        return [answers[i] for i in range(len(answers))]


def test_it_is_asked_about_each_image_once(lines: Path, make_teacher: MakeTeacher, asked: list[int]) -> None:
    teacher, told = make_teacher(), Told()
    first = ask(teacher, lines, teacher.spec, told)
    assert sum(asked) == 40
    assert told.lines == ["40 of 40 images are new to teacher0"]
    again = ask(teacher, lines, teacher.spec, told)
    assert sum(asked) == 40
    assert len(told.lines) == 1
    assert all(same(a.frames, b.frames) for a, b in zip(first, again, strict=True))


def test_a_source_that_had_all_answers_is_not_looked_through(
    tmp_path: Path, lines: Path, make_teacher: MakeTeacher, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But one with another image is, and is asked about it."""
    teacher, looked_for = make_teacher(), []
    lacking = AnswerStore.lacking
    monkeypatch.setattr(AnswerStore, "lacking", lambda *args: (looked_for.append(1), lacking(*args))[1])
    for _ in range(2):
        ask(teacher, lines, teacher.spec)
    assert len(looked_for) == 1
    more = draw_lines(tmp_path / "more", 1, seed=9, labelled=False)
    for image in lines.glob("*.png"):
        (more / f"old-{image.name}").write_bytes(image.read_bytes())
    assert len(ask(teacher, more, teacher.spec)) == 41
    assert (len(looked_for), sum(asked)) == (2, 41)


def test_only_new_images_are_asked(tmp_path: Path, lines: Path, make_teacher: MakeTeacher, asked: list[int]) -> None:
    teacher = make_teacher()
    first = ask(teacher, lines, teacher.spec)
    more = draw_lines(tmp_path / "more", 5, seed=9, labelled=False)
    for image in sorted(lines.glob("*.png"))[:10]:
        (more / f"old-{image.name}").write_bytes(image.read_bytes())  # known by content, not by name
    answers = ask(teacher, more, teacher.spec)
    assert sum(asked) == 45
    assert same(answers[5].frames, first[0].frames)


@pytest.mark.parametrize("other", [{"beam_width": 4}, {"features": True}])
def test_asking_otherwise_is_asking_anew(
    lines: Path, make_teacher: MakeTeacher, asked: list[int], other: dict[str, object]
) -> None:
    teacher = make_teacher()
    ask(teacher, lines, teacher.spec)
    ask(teacher, lines, teacher.spec, **other)
    ask(make_teacher(seed=1), lines, teacher.spec)
    ask(teacher, lines, teacher.spec.model_copy(update={"charset": ("A", "B")}))
    assert sum(asked) == 160


def test_answers_of_another_format_are_asked_again(
    lines: Path, make_teacher: MakeTeacher, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = make_teacher()
    ask(teacher, lines, teacher.spec)
    monkeypatch.setattr(asking, "ANSWERS_FORMAT", asking.ANSWERS_FORMAT + 1)
    ask(teacher, lines, teacher.spec)
    assert sum(asked) == 80


def test_what_was_answered_before_an_interruption_is_kept(
    lines: Path, make_teacher: MakeTeacher, asked: list[int]
) -> None:
    teacher = make_teacher()
    with pytest.raises(KeyboardInterrupt):
        ask(teacher, lines, teacher.spec, StopAfter(20, "Asking"))
    assert 20 <= sum(asked) < 40
    whole = ask(teacher, lines, teacher.spec)
    assert sum(asked) == 40
    assert len(whole) == 40


def test_answers_belong_to_the_items_of_the_source(lines: Path, make_teacher: MakeTeacher) -> None:
    teacher, source = make_teacher(), open_source(lines)
    with Teacher(teacher, teacher.spec, AskOptions()) as asked_teacher:
        whole = asked_teacher.answers(source, SILENT)
        part = asked_teacher.answers(Subset(source, [7, 3]), SILENT)
        assert len(part) == 2
        assert same(part[0].frames, whole[7].frames)
        assert same(part[1].frames, whole[3].frames)
        assert not same(whole[3].frames, whole[7].frames)


def test_frames_behind_the_line_are_no_answer(lines: Path, make_teacher: MakeTeacher, tmp_path: Path) -> None:
    teacher = make_teacher()
    preprocessing = teacher.spec.preprocessing.model_copy(update={"pad_to": 400})
    spec = teacher.spec.model_copy(update={"name": "padded", "preprocessing": preprocessing})
    torch.manual_seed(0)
    padded = write_safetensors(tmp_path / "padded.safetensors", build(spec).state_dict(), spec)
    usual, shorter = ask(teacher, lines, teacher.spec), ask(padded, lines, teacher.spec, features=True)
    assert [len(answer.frames) for answer in shorter] == [len(answer.frames) for answer in usual]
    assert all(answer.features is not None and len(answer.features) == len(answer.trusted) for answer in shorter)


def test_readings_are_the_text_in_the_students_classes(unseen: Path, able_teacher: Artifact) -> None:
    source = open_source(unseen)
    answers = ask(able_teacher, unseen, able_teacher.spec)
    texts = ["".join(able_teacher.spec.alphabet[k] for k in answer.targets) for answer in answers]
    right = np.mean([text == source.text(i) for i, text in enumerate(texts)])
    assert right > 0.8
    assert np.mean([answer.confidence for answer in answers]) > 0.8
    assert all(answer.trusted.all() for answer in answers)
    assert max(answer.frames.classes.max() for answer in answers) == 4


def test_readings_that_the_student_cannot_write_are_empty(unseen: Path, able_teacher: Artifact) -> None:
    source = open_source(unseen)
    student = able_teacher.spec.model_copy(update={"charset": tuple("ABC")})
    answers = ask(able_teacher, unseen, student)
    with_d = [i for i in range(len(source)) if "D" in source.text(i)]
    assert np.mean([len(answers[i].targets) == 0 for i in with_d]) > 0.8
    assert np.mean([not answers[i].trusted.all() for i in with_d]) > 0.8
    assert max(answer.frames.classes.max() for answer in answers) == 3


def test_beam_readings_are_the_beams(lines: Path, make_teacher: MakeTeacher) -> None:
    # Two frames, blank 0.4 and A 0.35 at each: greedy reads nothing, but A is likelier in sum.
    teacher = make_teacher()
    frames = torch.tensor([0.4, 0.35, 0.1, 0.1, 0.05]).log()
    model = build(teacher.spec)
    with torch.no_grad():
        head = model.get_submodule("head")
        head.weight.zero_()  # type: ignore[operator, union-attr]
        head.bias.copy_(frames)  # type: ignore[operator, union-attr]
    flat = write_safetensors(teacher.path, model.state_dict(), teacher.spec, force=True)
    assert all(len(answer.targets) == 0 for answer in ask(flat, lines, flat.spec))
    assert all(answer.targets[0] == 1 for answer in ask(flat, lines, flat.spec, beam_width=8))


def test_features_of_an_onnx_export_equal_those_of_its_network(
    tmp_path: Path, lines: Path, make_teacher: MakeTeacher
) -> None:
    teacher = make_teacher()
    exported = export(ExportConfig(model=teacher.path, output=tmp_path / "teacher.onnx"))
    own, other = (ask(artifact, lines, teacher.spec, features=True) for artifact in (teacher, exported))
    for a, b in zip(own, other, strict=True):
        assert a.features is not None
        assert b.features is not None
        assert a.features.shape == (len(a.frames), 32)
        assert np.abs(a.features - b.features).max() < 2e-3 < np.abs(a.features).max()
        assert np.abs(np.exp(a.frames.log_probs[:, 0]) - np.exp(b.frames.log_probs[:, 0])).max() < 1e-3


def test_a_classifier_answers_with_one_frame(tmp_path: Path) -> None:
    data = draw_classes(tmp_path / "data.npz", 20)
    like = ModelSpec(
        name="c", task="classify", class_names=("0", "1"), preprocessing=Preprocessing(height=16, width=16)
    )
    spec = student_spec("sorter", StudentChoice(width=0.25, hidden=8), like)
    torch.manual_seed(0)
    teacher = write_safetensors(tmp_path / "sorter.safetensors", build(spec).state_dict(), spec)
    for answer in ask(teacher, data, spec, features=True):
        assert answer.frames.classes.shape == (1, 2)
        assert answer.targets.tolist() == answer.frames.best.tolist()
        assert answer.confidence == pytest.approx(np.exp(answer.frames.log_probs.max()), abs=1e-3)
        assert answer.features is not None
        assert answer.features.shape == (1, 16)
