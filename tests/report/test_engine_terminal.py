"""What a build prints."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from crnn_deploy.engine import EngineOptions, EngineRecord
from crnn_deploy.report.engine_terminal import engine_tables


def printed(**changes: Any) -> str:
    facts: dict[str, Any] = {
        "options": EngineOptions(),
        "flavor": "tensorrt-rtx",
        "version": "1.7.1.116",
        "targets": ("sm86", "sm89"),
        "profiles": ({"min": (1, 1, 32, 8), "opt": (16, 1, 32, 320), "max": (16, 1, 32, 640)},),
        "layers": (
            {"kind": "pointwise", "precision": "int32", "count": 3},
            {"kind": "convolution", "precision": "int8", "count": 14},
            {"kind": "convolution", "precision": "fp16", "count": 2},
        ),
        "recurrent": (
            {"name": "/rnn/[b]GRU", "op": "GRU", "hidden": 96, "directions": 2, "home": "plugin"},
            {"name": "/rnn/LSTM", "op": "LSTM", "hidden": 64, "directions": 1, "home": "loop", "reason": "no GRU"},
        ),
        "engine_bytes": 2_700_000,
        "plugin_bytes": 1_000_000,
        "model_bytes": 1_400_000,
        "seconds": 0.37,
        "timing_cache": "used",
        "log": "m.engine.log",
    }
    console = Console(width=80)
    with console.capture() as capture:
        console.print(engine_tables(EngineRecord.model_validate(facts | changes)))
    text = capture.get()
    assert all(len(line) <= 80 for line in text.splitlines())
    return text


def row(text: str, name: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.startswith(name))


def test_layers_stand_by_kind_and_precision_products_first() -> None:
    text = printed()
    assert row(text, "convolution") == ["convolution", "14", "2", "—"]
    assert row(text, "pointwise") == ["pointwise", "—", "—", "3"]
    assert text.index("convolution") < text.index("pointwise")
    assert text.index("int8") < text.index("fp16") < text.index("int32")


def test_recurrent_layers_tell_their_home_and_why() -> None:
    text = printed()
    assert row(text, "/rnn/[b]GRU")[1:] == ["bidirectional", "GRU", "of", "96", "plugin"]
    assert row(text, "/rnn/LSTM")[1:] == ["LSTM", "of", "64", "loop", "no", "GRU"]


def test_facts_have_units() -> None:
    text = printed()
    assert "TensorRT-RTX 1.7.1.116, in 0.370 s" in text
    assert "2.70 MB" in text.replace("\u00a0", " ")
    assert row(text, "1–16") == ["1–16", "8–640", "16", "×", "320"]


def test_warnings_and_layers_in_fp32_are_told_where_there_are_any() -> None:
    assert "warns" not in printed()
    kept = {"name": "/head", "reason": "it overflows", "realised": ("fp16",)}
    text = printed(warnings=("slow",), kept_fp32=(kept,))
    assert "· slow" in text
    assert "it overflows; TensorRT runs it in FP16 all the same" in text
