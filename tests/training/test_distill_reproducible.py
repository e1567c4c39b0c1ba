"""A distillation that was interrupted ends in the same bytes; one of another seed in others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crnn_deploy.artifact import Artifact
from crnn_deploy.training import loop
from crnn_deploy.training.distill import distill

from .tiny import StopAfter, distill_config, draw_lines, history

MakeTeacher = Callable[..., Artifact]


@pytest.mark.parametrize(
    ("options", "stops"),
    [
        ({"epochs": 3}, [(1, 0), (3, 0), (4, 0)]),  # in the middle of epochs and behind one
        ({"epochs": 2, "losses": [{"kind": "ctc"}, {"kind": "features", "until": 0.6}]}, [(2, 0), (3, 0)]),
        ({"epochs": 2, "qat": {"epochs": 2}}, [(5, 0), (1, 1), (4, 1)]),  # (steps, of the QAT)
        ({"epochs": 4, "early_stop": 1, "learning_rate": 1e-9, "qat": {"epochs": 1}}, [(5, 0), (2, 1)]),
    ],
    ids=["defaults", "features", "qat", "early stop"],
)
def test_an_interrupted_training_ends_in_the_same_bytes(
    tmp_path: Path,
    lines: Path,
    make_teacher: MakeTeacher,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    stops: list[tuple[int, int]],
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    teacher = make_teacher()
    whole = distill(distill_config(teacher, lines, tmp_path / "a" / "student.safetensors", **options))
    again = distill_config(teacher, lines, tmp_path / "b" / "student.safetensors", **options)
    for steps, stage in stops:
        with pytest.raises(KeyboardInterrupt):
            distill(again, StopAfter(steps, stage=stage))
        assert not again.output.exists()
    assert distill(again).path.read_bytes() == whole.path.read_bytes()


def test_an_interrupted_training_on_readings_ends_in_the_same_bytes(
    tmp_path: Path, unlabelled: Path, able_teacher: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    options = {"extra": str(draw_lines(tmp_path / "few", 20, seed=11)), "confidence": 0.5, "epochs": 1}
    whole = distill(distill_config(able_teacher, unlabelled, tmp_path / "a" / "student.safetensors", **options))
    assert set(history(whole)[0]["losses"]) == {"ctc", "frame-kl"}  # as if all were labelled
    again = distill_config(able_teacher, unlabelled, tmp_path / "b" / "student.safetensors", **options)
    with pytest.raises(KeyboardInterrupt):
        distill(again, StopAfter(3))
    assert distill(again).path.read_bytes() == whole.path.read_bytes()


def test_another_seed_gives_another_student(tmp_path: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    made = [
        distill(distill_config(make_teacher(), lines, tmp_path / f"{seed}.safetensors", epochs=1, seed=seed))
        for seed in (0, 1)
    ]
    assert made[0].sha256 != made[1].sha256
