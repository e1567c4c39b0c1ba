"""Real engines of real checkpoints: EasyOCR's english_g2 (two BiLSTMs) and legere (a BiGRU), built without a GPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.engine.build_engine import BuiltEngine, build_engine
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize

CHECKPOINTS = {"english_g2": "easyocr_english_g2/english_g2.pth", "legere": "legere_bigru/model.pt"}
AMPERE_AND_LATER = ("sm86", "sm89", "sm120")
PROFILE = "1x32,8x320,16x640"
CONVOLUTIONS = {"english_g2": 7, "legere": 13}


@pytest.fixture(scope="session")
def models(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Exports a checkpoint, or quantizes its export for TensorRT, when it is first asked for."""
    folder = tmp_path_factory.mktemp("real")

    def exported(name: str) -> Path:
        path = folder / f"{name}.onnx"
        if not path.exists():
            checkpoint = shared_data / "checkpoints" / CHECKPOINTS[name]
            artifact = import_checkpoint(ImportConfig(checkpoint=checkpoint, output=folder / f"{name}.safetensors"))
            export(ExportConfig(model=artifact.path, output=path))
        return path

    def model(name: str) -> Path:
        parent = exported(name.removesuffix(".int8"))
        if not name.endswith(".int8"):
            return parent
        path = folder / f"{name}.onnx"
        if not path.exists():
            options = {"target": "tensorrt", "samples": 16, "held_out": 8, "calibrator": "mse", "max_error_rise": 1}
            lines = str(shared_data / "sroie_lines" / "val.tar")
            quantize(QuantizeConfig(model=parent, data=lines, output=path, **options))
        return path

    return model


def build(folder: Path, model: Path, **options: Any) -> BuiltEngine:
    given = {"flavor": "tensorrt-rtx", "targets": ("sm89",), "profiles": (PROFILE,)} | options
    return build_engine(EngineConfig(model=model, output=folder / "m.engine", force=True, **given))


def convolutions(made: BuiltEngine) -> dict[str, int]:
    return {layer.precision: layer.count for layer in made.record.layers if layer.kind == "convolution"}


@pytest.mark.parametrize("targets", [("sm89",), AMPERE_AND_LATER], ids="+".join)
@pytest.mark.parametrize("name", list(CHECKPOINTS))
@pytest.mark.usefixtures("rtx", "plugin")
def test_every_precision_is_what_it_says(
    tmp_path: Path, models: Callable[[str], Path], name: str, targets: tuple[str, ...]
) -> None:
    for precision in ("fp32", "fp16"):
        made = build(tmp_path, models(name), precision=precision, targets=targets)
        assert convolutions(made) == {precision: CONVOLUTIONS[name]}
    made = build(tmp_path, models(f"{name}.int8"), precision="int8", targets=targets)
    assert convolutions(made) == {"int8": CONVOLUTIONS[name]}
    assert {layer.home for layer in made.record.recurrent} == {"plugin" if name == "legere" else "loop"}


@pytest.mark.parametrize("name", list(CHECKPOINTS))
@pytest.mark.usefixtures("rtx", "plugin")
def test_turing_takes_fp16(tmp_path: Path, models: Callable[[str], Path], name: str) -> None:
    made = build(tmp_path, models(name), precision="fp16", targets=("sm75", *AMPERE_AND_LATER))
    assert convolutions(made) == {"fp16": CONVOLUTIONS[name]}


@pytest.mark.usefixtures("rtx")
def test_without_the_plugin_a_gru_is_a_loop_of_many_layers(tmp_path: Path, models: Callable[[str], Path]) -> None:
    loop = build(tmp_path, models("legere"), plugin=False)
    assert {layer.home for layer in loop.record.recurrent} == {"loop"}
    assert not any(layer.kind == "plugin" for layer in loop.record.layers)


@pytest.mark.usefixtures("rtx", "plugin")
def test_the_plugin_is_one_layer_and_the_text_stays(
    tmp_path: Path, models: Callable[[str], Path], shared_data: Path
) -> None:
    lines = str(shared_data / "sroie_lines" / "val.tar")
    made = build(tmp_path, models("legere"), data=lines, profiles=("1x8,8x320,16x1280",))  # all of them fit
    assert made.record.fit is not None
    assert made.record.fit.outside == 0
    assert sum(layer.count for layer in made.record.layers if layer.kind == "plugin") == 1
    assert made.record.parity is not None
    assert made.record.parity.changed <= made.record.parity.images * 0.02


@pytest.mark.usefixtures("rtx")
def test_fp16_nearly_halves_an_engine_of_many_weights(tmp_path: Path, models: Callable[[str], Path]) -> None:
    sizes = {
        precision: build(tmp_path, models("english_g2"), precision=precision).artifact.size_bytes
        for precision in ("fp32", "fp16")
    }
    assert sizes["fp16"] <= 0.6 * sizes["fp32"]
