"""Each network for pictures, and a student, goes to INT8 and to engines of both precisions, with its convolutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build as network
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.pictures.config import CnnGru, CnnLstm, PictureChoice, PixelGru, ResNet
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.models.student import student_spec
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize

from .rtx_engines import build, counts

pytestmark = pytest.mark.usefixtures("uses_rtx", "plugin")
SIZE = 16
SMALL: tuple[tuple[PictureChoice | StudentChoice, int], ...] = (
    (CnnLstm(channels=16, hidden=16), 2),
    (CnnGru(channels=16, hidden=16, attention=1, dynamic_gates=True), 2),
    (ResNet(family="resnet18", width=0.25), 20),
    (ResNet(family="resnet18-gru", width=0.25, hidden=16), 20),
    (ResNet(family="resnet18-lstm", width=0.25, hidden=16), 20),
    (PixelGru(channels=16, hidden=16), 1),
    (StudentChoice(family="mobilenet-v4-gru", width=0.25, hidden=16, layers=2), 14),
)


def exported(folder: Path, choice: PictureChoice | StudentChoice) -> Path:
    """The network for pictures of 16×16 pixels with random weights, as ONNX."""
    like = CnnGru() if isinstance(choice, StudentChoice) else choice
    spec = picture_spec("p", like, ("a", "b", "c"), "RGB", (SIZE, SIZE))
    if isinstance(choice, StudentChoice):
        spec = student_spec("p", choice, spec)
    torch.manual_seed(0)
    weights = write_safetensors(folder / "p.safetensors", network(spec).state_dict(), spec)
    return export(ExportConfig(model=weights.path, output=folder / "p.onnx")).path


def test_unrolled_loops_are_proved_layer_by_layer(tmp_path: Path) -> None:
    """Over four steps no layer of TensorRT's has a GRU's name; four steps of two layers are eight or more products."""
    made = build(tmp_path / "made", exported(tmp_path, CnnGru(channels=16, hidden=16)), precision="fp16", plugin=False)
    assert [layer.home for layer in made.record.recurrent] == ["loop", "loop"]
    assert counts(made)["matmul", "fp16"] > 2 * 4


@pytest.mark.parametrize(("choice", "convolutions"), SMALL, ids=lambda value: getattr(value, "family", ""))
def test_its_convolutions_run_in_the_precision_of_the_engine(
    tmp_path: Path, choice: PictureChoice | StudentChoice, convolutions: int
) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (24, SIZE, SIZE, 3), np.uint8)
    np.savez(tmp_path / "pictures.npz", x=pictures, y=np.arange(24) % 3)
    parent = exported(tmp_path, choice)
    data, output = str(tmp_path / "pictures.npz"), tmp_path / "p.int8.onnx"
    options = {"target": "tensorrt", "samples": 12, "held_out": 12, "calibrator": "minmax", "sensitivity": False}
    config = QuantizeConfig.model_validate({"model": parent, "data": data, "output": output, **options})
    int8 = quantize(config).artifact.path
    for precision, model in (("fp16", parent), ("int8", int8)):
        made = build(tmp_path / precision, model, precision=precision, plugin=True)
        assert counts(made)["convolution", precision] == convolutions
        assert {kind for kind, other in counts(made) if other != precision and kind == "convolution"} == set()
        layers = {"gru": ["plugin"] * 2, "lstm": ["loop"] * 2}.get(choice.family.rpartition("-")[2], [])
        assert [layer.home for layer in made.record.recurrent] == layers
