"""Options that make no sense are refused when they are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from crnn_deploy.errors import InputError
from crnn_deploy.models.config import CrnnChoice, NetworkChoice, StudentChoice
from crnn_deploy.training.config import DistillOptions, QatOptions
from crnn_deploy.training.losses.options import CtcOptions, FeatureOptions, FrameKlOptions
from crnn_deploy.training.train_config import TrainOptions
from crnn_deploy.validation import parse


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
        {"flip": 1.5},
        {"mixup": -0.1},
        {"cutmix": 11},
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


def test_choices_have_a_compact_spelling() -> None:
    options = DistillOptions.model_validate(
        {
            "student": "mobilenet-v4-gru:stride=8,residual=true,dropout=0.2",
            "losses": ["ctc", "frame-kl:until=0.5", {"kind": "features"}],
            "qat": 3,
        }
    )
    assert options.student == StudentChoice(stride=8, residual=True, dropout=0.2)
    assert options.losses == (CtcOptions(), FrameKlOptions(until=0.5), FeatureOptions())
    assert options.qat == QatOptions(epochs=3)


@pytest.mark.parametrize(
    ("spelling", "network"),
    [
        ("crnn-bigru", CrnnChoice(family="crnn-bigru")),
        ("crnn-bilstm:hidden=8", CrnnChoice(hidden=8)),
        ("mobilenet-v1-gru:width=0.5", StudentChoice(family="mobilenet-v1-gru", width=0.5)),
        ({"family": "mobilenet-v1-gru", "width": 0.5}, StudentChoice(family="mobilenet-v1-gru", width=0.5)),
        ({"hidden": 8}, CrnnChoice(hidden=8)),
        (StudentChoice(), StudentChoice()),
    ],
    ids=str,
)
def test_a_network_to_train_has_many_spellings(spelling: object, network: NetworkChoice) -> None:
    options = TrainOptions.model_validate({"model": spelling})
    assert options.model == network
    assert TrainOptions.model_validate_json(options.model_dump_json()) == options


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"student": "mobilenet-v4-gru:width"}, r"'student': mobilenet-v4-gru:width: 'width' is not key=value"),
        ({"losses": ["ctc:weight=1,weight=2"]}, r"'losses.0': .*weight is given twice"),
        ({"student": "crnn-bilstm"}, r"'student': Input tag 'crnn-bilstm'"),
        ({"qat": True}, r"'qat'"),
        ({"qat": 0}, r"'qat.epochs'"),
    ],
    ids=str,
)
def test_a_wrong_spelling_is_explained(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(DistillOptions, wrong, "The recipe")


def test_options_that_a_network_does_not_have_are_named() -> None:
    with pytest.raises(InputError, match=r"unknown key 'model\.crnn-bilstm\.depth'"):
        parse(TrainOptions, {"model": "crnn-bilstm:depth=3"}, "The command line")


def test_the_old_key_of_the_architecture_is_refused() -> None:
    with pytest.raises(ValidationError):
        TrainOptions.model_validate({"model": "crnn-bigru", "architecture": {"hidden": 8}})
    assert TrainOptions.RENAMED == {"architecture": "model"}
