"""What a build prints."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from crnn_deploy.engine.config import EngineOptions
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.report.engine.terminal import engine_tables


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
        "log": "built/m.engine.log",
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
    assert row(text, "log") == ["log", "built/m.engine.log"]
    assert "2.70 MB" in text.replace("\u00a0", " ")
    assert row(text, "1–16") == ["1–16", "8–640", "16", "×", "320"]


def test_warnings_and_layers_in_fp32_are_told_where_there_are_any() -> None:
    assert "warns" not in printed()
    kept = {"name": "/head", "reason": "it overflows", "realised": ("fp16",)}
    text = printed(warnings=("slow",), kept_fp32=(kept,))
    assert "· slow" in text
    assert "it overflows; TensorRT made it part of a layer in FP16" in text


def test_images_that_fit_no_profile_are_told() -> None:
    assert "fit no profile" not in printed(fit={"images": 80, "outside": 0})
    assert "62 of 80 images fit no profile" in printed(fit={"images": 80, "outside": 62})


def test_an_int8_engine_that_gains_little_says_so_in_a_sentence() -> None:
    def told(**overhead: Any) -> str:
        return " ".join(printed(int8_overhead=overhead).split())

    assert "FP16 engine" not in printed()
    both = told(rescaling=14, layers=40, larger_than_model=True)
    assert "14 of 40 layers rescale in FP32 around INT8 layers and the engine is larger than the ONNX file: an" in both
    large = told(rescaling=0, layers=40, larger_than_model=True)
    assert "The engine is larger than the ONNX file: an FP16 engine may be smaller" in large
    assert "around INT8 layers: an FP16 engine" in told(rescaling=14, layers=40, larger_than_model=False)
