"""Options that make no sense are refused when they are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from crnn_deploy.training.config import DistillOptions, TrainOptions
from crnn_deploy.training.losses.options import CtcOptions, FrameKlOptions


def test_a_recipe_names_losses_and_student() -> None:
    options = DistillOptions.model_validate(
        {"student": "mobilenet-v1-gru", "losses": [{"kind": "ctc"}, {"kind": "frame-kl", "until": 0.5}]}
    )
    assert options.student.family == "mobilenet-v1-gru"
    assert options.losses == (CtcOptions(), FrameKlOptions(until=0.5))


def test_a_charset_may_be_a_string() -> None:
    assert DistillOptions(charset="AB").charset == ("A", "B")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"learning_rate": 0},
        {"augmentation": 3},
        {"ema_decay": 1.0},
        {"validation_share": 0},
        {"early_stop": 0},
        {"seed": -1},
        {"precision": "int8"},
        {"teacher_weight": 1},
        {"losses": [{"kind": "frame-kl", "until": 0.5}, {"kind": "ctc", "until": 0.9}]},  # nothing to learn at the end
        {"losses": [{"kind": "features"}]},  # from which the head learns nothing
        {"losses": [{"kind": "features"}, {"kind": "frame-kl", "until": 0.5}]},
    ],
    ids=str,
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    for options in (DistillOptions, TrainOptions):
        with pytest.raises(ValidationError):
            options.model_validate(wrong)


def test_paths_stay_paths() -> None:
    assert TrainOptions(warm_start=Path("a.safetensors")).warm_start == Path("a.safetensors")
