"""What `distill` refuses, before anything long begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.distill import distill

from .tiny import CLASSES, distill_config, draw_classes, draw_lines

MakeTeacher = Callable[..., Artifact]


def test_the_same_teacher_twice_is_refused(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    with pytest.raises(InputError, match="teachers are the same"):
        distill(distill_config([make_teacher(), make_teacher()], lines, student))


def _classifier(path: Path, classes: tuple[str, ...]) -> Artifact:
    spec = student_spec(
        path.stem, StudentChoice(width=0.25, hidden=8), CLASSES.model_copy(update={"class_names": classes})
    )
    return write_safetensors(path, build(spec).state_dict(), spec)


def test_teachers_of_other_tasks_or_classes_are_refused(
    tmp_path: Path, student: Path, lines: Path, make_teacher: MakeTeacher
) -> None:
    digits = _classifier(tmp_path / "digits.safetensors", ("0", "1"))
    turned = _classifier(tmp_path / "turned.safetensors", ("1", "0"))
    with pytest.raises(InputError, match="ctc model, but digits a classify model"):
        distill(distill_config([make_teacher(), digits], lines, student))
    with pytest.raises(InputError, match="turned has other classes than digits"):
        distill(distill_config([digits, turned], draw_classes(tmp_path / "data.npz"), student))


def test_teachers_of_two_orders_are_refused_where_the_orders_differ(tmp_path: Path, student: Path, lines: Path) -> None:
    def teacher(order: str, charset: str) -> Artifact:
        like = ModelSpec(name="t", charset=charset, text_order=order, preprocessing=Preprocessing(height=32))
        spec = student_spec(order, StudentChoice(width=0.25, hidden=8), like)
        return write_safetensors(tmp_path / f"{order}-{charset}.safetensors", build(spec).state_dict(), spec)

    with pytest.raises(InputError, match=r"logical reads .* in logical order, but display in display order"):
        distill(distill_config([teacher("logical", "ABאב"), teacher("display", "ABאב")], lines, student))
    made = distill(distill_config([teacher("display", "ABCD"), teacher("logical", "ABCDE")], lines, student, epochs=1))
    assert made.spec.text_order == "display"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"losses": [{"kind": "ctc"}], "labels": False}, "'ctc' needs labels.\nThey are turned off"),
        ({"losses": [{"kind": "dctc"}], "data": "unlabelled"}, "'dctc' needs labels.\n.* has none"),
        ({"losses": [{"kind": "hinton-kd"}]}, "'hinton-kd' does not go with a ctc model"),
        ({"charset": "XY"}, "outside the charset"),
        ({"charset": "XY", "labels": False}, "don't fit together"),
        ({"labels": False}, "reads nothing in .* that student can write"),  # it was never trained
        ({"warm_start": "stranger"}, "No weight of .* fits"),
    ],
    ids=str,
)
def test_what_cannot_be_learned_is_refused_and_leaves_nothing(
    tmp_path: Path,
    student: Path,
    lines: Path,
    make_teacher: MakeTeacher,
    options: dict[str, Any],
    message: str,
) -> None:
    data = draw_lines(tmp_path / "plain", 10, 5, labelled=False) if options.get("data") == "unlabelled" else lines
    options = {key: value for key, value in options.items() if key != "data"}
    if "warm_start" in options:
        options["warm_start"] = _stranger(tmp_path)
    with pytest.raises(InputError, match=message):
        distill(distill_config(make_teacher(), data, student, **options))
    assert not student.exists()


def _stranger(folder: Path) -> Path:
    """An artifact of which no weight fits."""
    spec = student_spec("stranger", StudentChoice(width=0.25, hidden=8), CLASSES)
    weights = {"head.bias": torch.zeros(5), "other.weight": torch.zeros(3)}  # a bias fits, which says nothing
    return write_safetensors(folder / "stranger.safetensors", weights, spec).path


def test_validation_images_must_be_others(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    with pytest.raises(InputError, match="share 40 images"):
        distill(distill_config(make_teacher(), lines, student, validation=str(lines)))


def test_an_existing_output_is_kept(tmp_path: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    output = tmp_path / "student.safetensors"
    output.write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        distill(distill_config(make_teacher(), lines, output))
    assert output.read_text() == "mine"
