"""Settings that follow a kind or a family on the command line."""

from __future__ import annotations

import pytest

from crnn_deploy.cli.training import with_settings
from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice


def test_a_student_takes_all_its_options() -> None:
    settings = with_settings(
        "--student", "mobilenet-v4-gru:stride=8,residual=true,dropout=0.2", "family", {"layers": 2}
    )
    choice = StudentChoice(stride=8, residual=True, dropout=0.2, layers=2)
    assert StudentChoice.model_validate(settings) == choice


@pytest.mark.parametrize("text", ["mobilenet-v4-gru:layers=3", "mobilenet-v4-gru:family=mobilenet-v1-gru"])
def test_nothing_is_said_twice(text: str) -> None:
    with pytest.raises(InputError, match="given twice"):
        with_settings("--student", text, "family", {"layers": 2})
