"""Students: shapes, strides, sizes."""

from __future__ import annotations

import pytest
import torch

from crnn_deploy.errors import InputError
from crnn_deploy.models import STRIDE, StudentFamily, StudentOptions, build, student_spec
from crnn_deploy.spec import Architecture, ModelSpec, Preprocessing

TEACHER = ModelSpec(name="teacher", charset="abc", blank=3, preprocessing=Preprocessing(height=64))
CLASSES = ModelSpec(
    name="teacher",
    task="classify",
    class_names=("cat", "dog"),
    preprocessing=Preprocessing(height=64, width=96, channels="RGB"),
)
FAMILIES: tuple[StudentFamily, ...] = ("mobilenet-v3-gru", "mobilenet-v4-gru")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("width", [16, 20, 100, 244])
def test_one_frame_for_every_four_pixels(family: StudentFamily, width: int) -> None:
    model = build(student_spec("s", family, StudentOptions(width=0.5, hidden=8), TEACHER))
    assert model(torch.zeros(3, 1, 32, width)).shape == (3, width // STRIDE, 4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_student_takes_over_the_teacher_s_alphabet(family: StudentFamily) -> None:
    spec = student_spec("s", family, StudentOptions(), TEACHER)
    assert (spec.charset, spec.blank, spec.preprocessing.height) == (TEACHER.charset, 3, 32)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_classifier_gives_one_row_an_image(family: StudentFamily) -> None:
    spec = student_spec("s", family, StudentOptions(width=0.5, hidden=8), CLASSES)
    assert spec.preprocessing.width == 48
    assert build(spec)(torch.zeros(2, 3, 32, 48)).shape == (2, 2)


@pytest.mark.parametrize("family", FAMILIES)
def test_width_and_hidden_scale_the_student(family: StudentFamily) -> None:
    def parameters(width: float, hidden: int) -> int:
        model = build(student_spec("s", family, StudentOptions(width=width, hidden=hidden), TEACHER))
        return sum(p.numel() for p in model.parameters())

    assert parameters(0.5, 96) < parameters(1.0, 96) < parameters(1.5, 96)
    assert parameters(1.0, 48) < parameters(1.0, 96)


def test_unknown_families_and_options_are_refused() -> None:
    spec = student_spec("s", "mobilenet-v4-gru", StudentOptions(), TEACHER)
    with pytest.raises(InputError, match="Unknown architecture"):
        build(spec.model_copy(update={"architecture": Architecture(family="lenet")}))
    with pytest.raises(InputError, match="did you mean 'hidden'"):
        build(spec.model_copy(update={"architecture": Architecture(family="mobilenet-v4-gru", options={"hiden": 3})}))
