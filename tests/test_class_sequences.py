"""Texts that several classes in a row stand for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec


def spec(*sequences: dict[str, Any]) -> ModelSpec:
    fields = {"name": "m", "charset": ("a", "", ""), "preprocessing": Preprocessing(height=32)}
    return ModelSpec.model_validate({**fields, "sequences": sequences})


def test_sequences_are_read_together() -> None:
    model = spec({"classes": (2, 3), "text": "ffi"}, {"classes": (2, 2, 1), "text": "é"})
    assert model.text([1, 2, 3, 2, 2, 1, 1, 2, 1]) == "affiéaa"
    assert ModelSpec.model_validate_json(model.model_dump_json()) == model


@pytest.mark.parametrize(
    "sequences",
    [
        [{"classes": (2,), "text": "x"}],
        [{"classes": (2, 4), "text": "x"}],
        [{"classes": (2, 0), "text": "x"}],
        [{"classes": (1, 2), "text": "x"}],
        [{"classes": (2, 3), "text": "x"}, {"classes": (2, 3, 1), "text": "y"}],
        [{"classes": (2, 3), "text": "x"}, {"classes": (2, 3), "text": "y"}],
    ],
)
def test_readings_are_unambiguous(sequences: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        spec(*sequences)
