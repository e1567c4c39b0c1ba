"""Wrong keys are named with the nearest right one; renamed keys with their new name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from crnn_deploy.errors import InputError
from crnn_deploy.models.layers.options import Convolution
from crnn_deploy.quantization.config import QuantizeOptions
from crnn_deploy.training.config import DistillOptions
from crnn_deploy.training.train_config import TrainOptions
from crnn_deploy.validation import explained, parse


@pytest.mark.parametrize(
    ("config", "data", "message"),
    [
        (DistillOptions, {"epocs": 3}, "unknown key 'epocs': did you mean 'epochs'?"),
        (DistillOptions, {"student": {"lyers": 2}}, "lyers': did you mean 'layers'?"),
        (DistillOptions, {"losses": [{"kind": "features", "metrc": "l2"}]}, "did you mean 'metric'?"),
        (DistillOptions, {"losses": ["frame-kl:far_blnk=1"]}, "did you mean 'far_blank'?"),
        (TrainOptions, {"model": {"family": "mobilenet-v4-gru", "strid": 8}}, "did you mean 'stride'?"),
        (QuantizeOptions, {"max_drop": 0.5}, "'max_drop' is now 'max_error_rise', a fraction: 0.5 points are 0.005"),
        (TrainOptions, {"architecture": {"hidden": 8}}, "'architecture' is now 'model'"),
        (QuantizeOptions, {"max_error_rise": "2 points"}, "max_error_rise"),
    ],
)
def test_wrong_keys(config: Any, data: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse(config, data, "The recipe")
    assert message in str(refusal.value)


@pytest.mark.parametrize(("written", "value"), [(0.005, 0.005), ("0.5%", 0.005), ("0.5 %", 0.005), ("0.25", 0.25)])
def test_a_fraction_may_be_written_in_per_cent(written: object, value: float) -> None:
    assert parse(QuantizeOptions, {"max_error_rise": written}, "The recipe").max_error_rise == pytest.approx(value)


@pytest.mark.parametrize("key", ["epochs", "batch_size", "seed"])
def test_yes_is_no_number(key: str) -> None:
    with pytest.raises(InputError, match=f"'{key}' can't be true"):
        parse(TrainOptions, {key: True}, "The recipe")


def test_what_is_wrong_with_a_layer_is_worded_as_elsewhere() -> None:
    with pytest.raises(ValidationError) as refusal:
        Convolution(inputs=3, outputs=4, kernel=(3, 3), groups=2)
    assert explained(refusal.value) == "  · 2 groups do not divide 3 inputs and 4 outputs"
    with pytest.raises(ValidationError) as refusal:
        Convolution.model_validate({"inputs": 3, "outputs": 0, "kernel": (3, 3), "dilations": 1})
    assert explained(refusal.value).endswith("\n  · unknown key 'dilations'")
    lines = explained(refusal.value, Convolution).split("\n")
    assert lines[0].startswith("  · 'outputs': ")
    assert lines[1] == "  · unknown key 'dilations': did you mean 'dilation'?"
