"""What a build prints."""

from __future__ import annotations

from typing import Any

from report.makers import engine_layers, engine_record
from rich.console import Console

from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.report.engine.terminal import engine_tables
from crnn_deploy.runtime.tensorrt.manifest import EngineLayer

COUNTS = (
    {"kind": "pointwise", "precision": "int32", "count": 3},
    {"kind": "convolution", "precision": "int8", "count": 14},
    {"kind": "convolution", "precision": "fp16", "count": 2},
)


def printed(**changes: Any) -> str:
    facts: dict[str, Any] = {
        "version": "1.7.1.116",
        "profiles": ({"min": (1, 1, 32, 8), "opt": (16, 1, 32, 320), "max": (16, 1, 32, 640)},),
        "layers": COUNTS,
        "recurrent": (
            {"name": "/rnn/[b]GRU", "op": "GRU", "hidden": 96, "directions": 2, "home": "plugin"},
            {"name": "/rnn/LSTM", "op": "LSTM", "hidden": 64, "directions": 1, "home": "loop", "reason": "no GRU"},
        ),
        "parity": None,
        "engine_bytes": 2_700_000,
        "plugin_bytes": 1_000_000,
        "model_bytes": 1_700_000,
        "seconds": 0.37,
        "timing_cache": "used",
        "log": "built/m.engine.log",
    }
    return shown(engine_record(**facts | changes))


def shown(record: EngineRecord) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(engine_tables(record))
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


def int8_engine(rescaling: int, larger: bool) -> EngineRecord:
    """14 INT8 convolutions, so many of them with an FP32 layer beside, among 40 layers."""
    products = [EngineLayer(name=f"c{n}", kind="convolution", precision="int8", origins=(f"/c{n}",)) for n in range(14)]
    beside = [layer.model_copy(update={"kind": "pointwise", "precision": "fp32"}) for layer in products[:rescaling]]
    others = engine_layers([{"kind": "pooling", "precision": "int8", "count": 26 - rescaling}])
    record = engine_record(engine_bytes=4_000_000, model_bytes=1_000_000 if larger else 3_000_000)
    manifest = record.manifest.model_copy(update={"layers": (*products, *beside, *others)})
    return record.model_copy(update={"manifest": manifest})


def test_an_int8_engine_that_gains_little_says_so_in_a_sentence() -> None:
    def told(rescaling: int, larger: bool) -> str:
        return " ".join(shown(int8_engine(rescaling, larger)).split())

    assert "FP16 engine" not in printed()
    assert "FP16 engine" not in told(rescaling=6, larger=False)
    both = told(rescaling=14, larger=True)
    assert "14 of 40 layers rescale in FP32 around INT8 layers and the engine is larger than the ONNX file: an" in both
    large = told(rescaling=0, larger=True)
    assert "The engine is larger than the ONNX file: an FP16 engine may be smaller" in large
    assert "around INT8 layers: an FP16 engine" in told(rescaling=14, larger=False)
