"""One logger hears all that a TensorRT says, for whoever listens."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crnn_deploy.runtime.tensorrt.messages import Messages, hearing

INFO, ERROR = SimpleNamespace(name="INFO"), SimpleNamespace(name="ERROR")


def library() -> SimpleNamespace:
    class ILogger:
        def __init__(self) -> None: ...

    return _Hashable(ILogger=ILogger)


class _Hashable(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


def test_messages_are_kept_in_order_and_told_once() -> None:
    messages = Messages()
    for severity, text in (("INFO", "Layers: a"), ("ERROR", "bad\n"), ("ERROR", "bad"), ("WARNING", "odd")):
        messages.add(severity, text)
    assert messages.text() == "[INFO] Layers: a\n[ERROR] bad\n\n[ERROR] bad\n[WARNING] odd\n"
    assert messages.of("ERROR", "WARNING") == ("bad", "odd")
    assert messages.starting_with("Layers:") == ("Layers: a",)


def test_the_logger_outlives_its_listeners_and_is_one_for_all(caplog: pytest.LogCaptureFixture) -> None:
    trt, first, second = library(), Messages(), Messages()
    with hearing(trt, first) as logger:
        logger.log(INFO, "one")
        with hearing(trt, second) as same:
            assert same is logger
            logger.log(ERROR, "two")
        logger.log(INFO, "three")
    logger.log(INFO, "nobody listens")
    logger.log(ERROR, "and yet it is told")
    assert caplog.messages == ["and yet it is told"]
    assert first.text() == "[INFO] one\n[INFO] three\n"
    assert second.text() == "[ERROR] two\n"


def test_each_library_has_its_own() -> None:
    with hearing(library(), Messages()) as one, hearing(library(), Messages()) as other:
        assert one is not other
