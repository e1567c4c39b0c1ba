"""Distillation end to end, on a task small enough for a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from told import Told

from crnn_deploy.artifact import Artifact, open_artifact, write_safetensors
from crnn_deploy.models.assembly import build, load_model
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.training.distill import distill

from .tiny import CLASSES, STUDENT, distill_config, draw_classes, draw_lines, error_of, history

MakeTeacher = Callable[..., Artifact]


def test_a_student_learns_from_labels_and_teacher(
    student: Path, many_lines: Path, unseen: Path, able_teacher: Artifact
) -> None:
    made = distill(distill_config(able_teacher, many_lines, student, epochs=7, log=["csv"]))
    assert error_of(made, unseen) < 0.2  # an untrained student writes nothing: 1.0
    assert made.spec.metrics["validation"]["error"] < 0.2
    step = made.spec.lineage[-1]
    assert step.stage == "distill"
    assert step.parent_sha256 == able_teacher.sha256
    assert step.notes["taught_by"] == {able_teacher.sha256: "able"}
    assert step.notes["labels"] is True
    assert step.notes["spikes_kept"] == [1.0]  # the same frame rate
    assert [point["epoch"] for point in history(made)] == list(range(1, 8))
    assert set(history(made)[0]["losses"]) == {"ctc", "frame-kl"}
    assert set(history(made)[-1]["losses"]) == {"ctc"}  # the teacher has faded
    assert {path.name for path in student.parent.iterdir()} == {student.name, student.name + ".log"}


def test_a_student_learns_from_its_teacher_alone(
    student: Path, unlabelled: Path, unseen: Path, able_teacher: Artifact
) -> None:
    told = Told()
    made = distill(distill_config(able_teacher, unlabelled, student, epochs=7), told)
    assert error_of(made, unseen) < 0.2
    assert made.spec.lineage[-1].notes["labels"] is False
    assert set(history(made)[-1]["losses"]) == {"frame-kl", "pseudo-labels"}
    assert history(made)[-1]["spike_agreement"] > 0.5 > history(made)[0]["spike_agreement"]
    assert any("survive at the student's frame rate" in line for line in told.lines)


def test_labels_may_be_turned_off(student: Path, lines: Path, able_teacher: Artifact) -> None:
    labels = (lines / "labels.tsv").read_text(encoding="utf-8").splitlines()
    labels[0] = labels[0].partition("\t")[0] + "\tAé"  # does not matter then
    (lines / "labels.tsv").write_text("\n".join(labels), encoding="utf-8")
    made = distill(distill_config(able_teacher, lines, student, epochs=1, labels=False))
    assert set(history(made)[0]["losses"]) == {"frame-kl", "pseudo-labels"}


def test_readings_stand_for_missing_labels_beside_labelled_images(
    student: Path, tmp_path: Path, unlabelled: Path, unseen: Path, able_teacher: Artifact
) -> None:
    """Whichever of the two sets it is that nobody has labelled."""
    few, told = draw_lines(tmp_path / "few", 20, seed=11), Told()
    options = {"losses": [{"kind": "ctc"}], "epochs": 12, "confidence": 0.5}
    made = distill(distill_config(able_teacher, unlabelled, student, extra=str(few), **options), told)
    assert error_of(made, unseen) < 0.25
    notes = made.spec.lineage[-1].notes
    assert notes["taught_by"] == {able_teacher.sha256: "able"}
    assert 100 < notes["pseudo_labelled"] <= 190  # a part is held out
    assert notes["training"]["images"] == notes["pseudo_labelled"] + 20
    assert any(f"able labels {notes['pseudo_labelled']} of the" in line for line in told.lines)
    turned = distill(distill_config(able_teacher, few, student.with_stem("t"), extra=str(unlabelled), **options))
    assert turned.spec.lineage[-1].notes["pseudo_labelled"] > 100
    assert turned.spec.lineage[-1].notes["validation"]["images"] < 10


def test_labels_of_extra_images_are_not_read_where_no_loss_asks_for_any(
    student: Path, tmp_path: Path, lines: Path, able_teacher: Artifact
) -> None:
    extra = draw_lines(tmp_path / "extra", 20, seed=11)
    options = {"losses": [{"kind": "frame-kl"}], "epochs": 1, "labels": False}
    made = distill(distill_config(able_teacher, lines, student, extra=str(extra), **options))
    assert made.spec.lineage[-1].notes["labels"] is False
    assert made.spec.lineage[-1].notes["pseudo_labelled"] == 0


def test_two_teachers_teach_one_student(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    teachers = [make_teacher(0), make_teacher(1)]
    losses = [{"kind": "frame-kl"}, {"kind": "features", "until": 0.5}]
    made = distill(distill_config(teachers, lines, student, epochs=2, losses=losses))
    step = made.spec.lineage[-1]
    assert step.notes["taught_by"] == {teachers[0].sha256: "teacher0", teachers[1].sha256: "teacher1"}
    assert step.notes["spikes_kept"] == [1.0, 1.0]
    alone = distill(distill_config(teachers[0], lines, student.with_stem("alone"), epochs=2, losses=losses))
    assert alone.sha256 != made.sha256


def test_a_student_may_know_fewer_characters_and_colours(student: Path, lines: Path, able_teacher: Artifact) -> None:
    options = {"charset": "ABC", "channels": "RGB", "labels": False, "epochs": 1, "validation_share": 0.3}
    made = distill(distill_config(able_teacher, lines, student, **options))
    assert made.spec.alphabet == ("", "A", "B", "C")
    assert load_model(made)(torch.zeros(1, 3, 32, 40)).shape == (1, 10, 4)


def test_frames_follow_the_students_stride(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    losses = [{"kind": kind} for kind in ("ctc", "dctc", "frame-kl", "pseudo-labels", "features")]
    options = {"student": {**STUDENT, "stride": 8}, "losses": losses, "epochs": 1}
    made = distill(distill_config(make_teacher(), lines, student, **options))
    assert load_model(made)(torch.zeros(1, 1, 32, 40)).shape == (1, 5, 5)
    assert set(history(made)[0]["losses"]) == {loss["kind"] for loss in losses}


def test_a_warm_start_goes_on_from_given_weights(
    student: Path, many_lines: Path, able_teacher: Artifact, tmp_path: Path
) -> None:
    first = distill(distill_config(able_teacher, many_lines, tmp_path / "first.safetensors", epochs=5))
    gently = {"epochs": 1, "learning_rate": 1e-4, "ema_decay": 0.0}
    warm = distill(distill_config(able_teacher, many_lines, student, warm_start=first.path, **gently))
    cold = distill(distill_config(able_teacher, many_lines, student.with_stem("cold"), **gently))
    assert history(warm)[0]["validation_error"] < 0.3 < history(cold)[0]["validation_error"]
    assert warm.spec.lineage[-1].notes["warm_start"] == first.sha256


def test_an_early_stop_saves_epochs(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    told = Told()
    options = {"epochs": 30, "early_stop": 2, "learning_rate": 1e-9, "ema_decay": 0.0, "augmentation": 0}
    made = distill(distill_config(make_teacher(), lines, student, **options), told)
    errors = [point["validation_error"] for point in history(made)]
    assert len(errors) == errors.index(min(errors)) + 3 < 30
    assert any("no better epoch among the last 2" in line for line in told.lines)


def test_quantization_aware_epochs_come_at_the_end(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    made = distill(distill_config(make_teacher(), lines, student, epochs=2, qat={"epochs": 1, "learning_rate": 1e-3}))
    notes = made.spec.lineage[-1].notes
    assert [len(notes["history"]), len(notes["qat_history"])] == [2, 1]
    assert made.spec.lineage[-1].options["qat"] == {"epochs": 1, "learning_rate": 1e-3}
    plain = distill(distill_config(make_teacher(), lines, student.with_stem("plain"), epochs=2))
    assert load_model(made)(torch.zeros(1, 1, 32, 40)).shape == (1, 10, 5)  # an ordinary artifact
    assert made.sha256 != plain.sha256
    assert notes["history"] == plain.spec.lineage[-1].notes["history"]


def test_a_classifier_learns_from_answers_beside_labels(tmp_path: Path, student: Path) -> None:
    """Classes may be called otherwise by the teacher than in the data, where they are numbered."""
    named = CLASSES.model_copy(update={"class_names": ("dark", "bright")})
    spec = student_spec("teacher", StudentChoice(family="mobilenet-v3-gru", width=0.25, hidden=8), named)
    torch.manual_seed(0)
    teacher = write_safetensors(tmp_path / "teacher.safetensors", build(spec).state_dict(), spec)
    config = distill_config(
        *(teacher, draw_classes(tmp_path / "data.npz"), student),
        **{"labels": False, "extra": str(draw_classes(tmp_path / "extra.npz", seed=1)), "confidence": 0, "epochs": 1},
    )
    notes = distill(config).spec.lineage[-1].notes
    assert 0 < notes["pseudo_labelled"] < notes["training"]["images"]
    assert set(notes["history"][0]["losses"]) == {"cross-entropy", "hinton-kd"}


@pytest.mark.parametrize(
    "losses", [None, ["hinton-kd"], ["cross-entropy", "dist", "features"], ["dkd"]], ids=lambda kinds: str(kinds)
)
def test_a_classifier_learns(tmp_path: Path, student: Path, losses: list[str] | None) -> None:
    data = draw_classes(tmp_path / "data.npz")
    spec = student_spec("teacher", StudentChoice(family="mobilenet-v3-gru", width=0.25, hidden=8), CLASSES)
    torch.manual_seed(0)
    teacher = write_safetensors(tmp_path / "teacher.safetensors", build(spec).state_dict(), spec)
    options = {} if losses is None else {"losses": [{"kind": kind} for kind in losses]}
    epochs = 6 if losses is None or "cross-entropy" in losses else 1  # the teacher alone knows nothing
    made = distill(distill_config(teacher, data, student, epochs=epochs, **options))
    assert made.spec.task == "classify"
    assert (made.spec.preprocessing.height, made.spec.preprocessing.width) == (16, 16)
    assert epochs == 1 or error_of(made, data) < 0.1


@pytest.mark.parametrize("family", ["mobilenet-v1-gru", "mobilenet-v3-gru", "mobilenet-v4-gru"])
def test_the_artifact_rebuilds_the_student(student: Path, lines: Path, make_teacher: MakeTeacher, family: str) -> None:
    distill(distill_config(make_teacher(), lines, student, epochs=1, student={**STUDENT, "family": family}))
    found = open_artifact(student)
    assert found.spec.architecture is not None
    assert found.spec.architecture.family == family
    assert load_model(found)(torch.zeros(2, 1, 32, 40)).shape == (2, 10, 5)


def test_labels_that_are_too_long_are_told(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    rows = (lines / "labels.tsv").read_text().splitlines()
    (lines / "labels.tsv").write_text("\n".join(["000.png\t" + "AB" * 30, *rows[1:]]))
    val = draw_lines(student.parent / "val", 4, seed=7)
    made = distill(distill_config(make_teacher(), lines, student, epochs=1, validation=str(val)))
    notes = made.spec.lineage[-1].notes
    assert notes["too_long"] == ["000.png"]
    assert notes["validation"]["images"] == 4
