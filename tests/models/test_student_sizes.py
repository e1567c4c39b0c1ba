"""Students that see pictures: their steps at every size, and that lines of 32 pixels are read as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import nn

from crnn_deploy.artifact import open_artifact, write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build, stride_of
from crnn_deploy.models.backbone import halvings, rows_left
from crnn_deploy.models.config import StudentChoice, StudentFamily
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.spec import ModelSpec

FAMILIES: tuple[StudentFamily, ...] = get_args(StudentFamily)
LINES = ModelSpec(name="t", charset="abc", preprocessing=Preprocessing(height=32))
# What the first release gave for the input and the weights of `known_output`: the first two logits.
KNOWN = {
    ("mobilenet-v1-gru", 4, "ctc"): (0.03657, -0.06074),
    ("mobilenet-v1-gru", 8, "classify"): (0.04021, -0.01533),
    ("mobilenet-v3-gru", 4, "classify"): (0.26722, 0.49328),
    ("mobilenet-v3-gru", 8, "ctc"): (0.14377, 0.37293),
    ("mobilenet-v4-gru", 4, "ctc"): (-0.0683, -0.04074),
    ("mobilenet-v4-gru", 8, "classify"): (-0.09498, 0.01854),
}


def pictures(height: int, width: int | None, **seen: Any) -> ModelSpec:
    """The spec of a teacher of pictures."""
    preprocessing = Preprocessing(height=height, width=width, **seen)
    return ModelSpec(name="t", task="classify", class_names=("a", "b", "c"), preprocessing=preprocessing)


def choice(family: StudentFamily = "mobilenet-v4-gru", **options: Any) -> StudentChoice:
    return StudentChoice(family=family, **{"width": 0.25, "hidden": 8, **options})


def known_output(model: nn.Module) -> torch.Tensor:
    """The output for fixed weights and a fixed input `[1, 1, 32, 48]`."""
    with torch.inference_mode():
        for number, (name, weights) in enumerate(model.state_dict().items(), 1):
            if weights.is_floating_point():
                wave = torch.sin(torch.arange(weights.numel(), dtype=torch.float64) * number).reshape(weights.shape)
                scale = (2 / weights[0].numel()) ** 0.5 if weights.dim() > 1 else 0.25
                weights.copy_(wave * scale + ("running_var" in name))
        x = torch.sin(torch.arange(32 * 48, dtype=torch.float64)).float().reshape(1, 1, 32, 48)
        return model(x)


@pytest.mark.parametrize(("family", "stride", "task"), KNOWN, ids=str)
def test_students_of_32_pixels_compute_what_they_did(family: StudentFamily, stride: Any, task: str) -> None:
    like = pictures(32, 48).model_copy(update={"class_names": ("a", "b")}) if task == "classify" else LINES
    found = known_output(build(student_spec("s", choice(family, stride=stride), like)))
    assert found.flatten()[:2].tolist() == pytest.approx(KNOWN[family, stride, task], abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("size", "stride", "steps"),
    [
        ((1, 5), 4, 5),
        ((8, 8), 4, 8),
        ((16, 20), 4, 10),
        ((28, 28), 4, 7),
        ((32, 32), 8, 4),
        ((64, 64), 4, 16),
        ((96, 128), 4, 16),
        ((224, 224), 4, 14),
        ((224, 224), 8, 7),
        ((1024, 100), 4, 4),
    ],
)
def test_the_steps_of_each_size(family: StudentFamily, size: tuple[int, int], stride: Any, steps: int) -> None:
    spec = student_spec("s", choice(family, stride=stride), pictures(*size, channels="RGB"))
    assert (spec.preprocessing.height, spec.preprocessing.width) == size
    with torch.device("meta"):
        model: Any = build(spec)
        x = torch.zeros(2, 3, *size)
        assert model.backbone(x).shape[:2] == (2, steps)
        assert model(x).shape == (2, 3)


def test_no_more_than_four_rows_are_joined_up_to_512_pixels() -> None:
    rows = {1: 1, 4: 2, 16: 2, 17: 2, 32: 2, 33: 3, 64: 4, 65: 3, 224: 4, 512: 4, 1024: 8}
    assert {height: rows_left(height) for height in rows} == rows
    assert [halvings(height) for height in (1, 8, 16, 17, 64, 65, 128, 512, 1024)] == [1, 2, 3, 4, 4, 5, 5, 7, 7]


@pytest.mark.parametrize(("like", "width"), [(pictures(28, 28), 28), (pictures(48, 40), 40), (pictures(64, None), 95)])
def test_pictures_export_for_any_batch_and_width(tmp_path: Path, like: ModelSpec, width: int) -> None:
    spec = student_spec("s", choice("mobilenet-v3-gru"), like)
    torch.manual_seed(0)
    parent = write_safetensors(tmp_path / "s.safetensors", build(spec).state_dict(), spec)
    child = export(ExportConfig(model=parent.path, output=tmp_path / "s.onnx"))
    images = np.random.default_rng(1).standard_normal((5, 1, like.preprocessing.height, width), np.float32)
    expected = open_session(open_artifact(parent.path)).run(images)
    np.testing.assert_allclose(open_session(child).run(images), expected, atol=1e-5)


def test_pictures_of_any_width_have_whole_steps_and_the_teacher_s_limits() -> None:
    p = student_spec("s", choice(), pictures(224, None, max_width=640)).preprocessing
    assert (p.width, p.width_multiple, p.min_width, p.max_width) == (None, 16, 64, 640)
    assert stride_of(student_spec("s", choice(stride=8), pictures(96, None))) == 16


@pytest.mark.parametrize(("width", "seen"), [(128, 43), (None, None)])
def test_another_height_keeps_the_shape(width: int | None, seen: int | None) -> None:
    p = student_spec("s", choice(), pictures(96, width), height=32).preprocessing
    assert (p.height, p.width) == (32, seen)


def test_lines_have_no_other_height() -> None:
    with pytest.raises(InputError, match="lines of 32 pixels of height"):
        student_spec("s", choice(), LINES, height=64)
