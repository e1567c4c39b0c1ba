"""What a build that failed leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.engine.writing import logging_failure
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.runtime.tensorrt.messages import Messages


class DetailedError(GateError):
    """An error whose constructor takes more than the three parts of a message."""

    def __init__(self, what: str, detail: int) -> None:
        super().__init__(what, "cause", "fix")
        self.detail = detail


def messages() -> Messages:
    log = Messages()
    log.add("ERROR", "no kernel")
    return log


def test_an_error_keeps_its_class_and_says_where_the_log_is(tmp_path: Path) -> None:
    error = DetailedError("It failed.", 3)
    with pytest.raises(DetailedError) as caught, logging_failure(tmp_path / "m.engine", messages()):
        raise error
    log = tmp_path / "m.engine.rejected.log"
    assert caught.value is error
    assert caught.value.detail == 3
    assert str(error) == f"It failed.\ncause\nfix\nWhat TensorRT said is in {log}."
    assert log.read_text() == "[ERROR] no kernel\n"


def test_advice_is_added_to_an_error_that_has_none() -> None:
    error = InputError("It failed.")
    assert error.with_fix("Try again.") is error
    assert str(error) == "It failed.\nTry again."


def test_an_older_log_goes_when_a_build_succeeds(tmp_path: Path) -> None:
    older = tmp_path / "m.engine.rejected.log"
    older.write_text("old")
    with logging_failure(tmp_path / "m.engine", messages()):
        pass
    assert not older.exists()
