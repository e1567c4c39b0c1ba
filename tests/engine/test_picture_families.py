"""Each network for pictures goes to INT8 and to engines of both precisions, with its convolutions in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build as network
from crnn_deploy.models.pictures.config import CnnGru, CnnLstm, FramesGru, PictureChoice, PixelGru, ResNet
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize

from .rtx_engines import build, counts

pytestmark = pytest.mark.usefixtures("uses_rtx", "plugin")
SMALL: tuple[tuple[PictureChoice, int], ...] = (
    (CnnLstm(channels=16, hidden=16), 2),
    (CnnGru(channels=16, hidden=16, attention=1, dynamic_gates=True), 2),
    (ResNet(family="resnet18", width=0.25), 20),
    (ResNet(family="resnet18-gru", width=0.25, hidden=16), 20),
    (ResNet(family="resnet18-lstm", width=0.25, hidden=16), 20),
    (PixelGru(channels=16, hidden=16), 1),
    (FramesGru(channels=16, stages=2, hidden=16, layers=2), 2),
)


@pytest.mark.parametrize(("choice", "convolutions"), SMALL, ids=lambda value: getattr(value, "family", ""))
def test_its_convolutions_run_in_the_precision_of_the_engine(
    tmp_path: Path, choice: PictureChoice, convolutions: int
) -> None:
    shape = (24, 3, 16, 16, 3) if choice.family == "frames-gru" else (24, 16, 16, 3)
    pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.savez(tmp_path / "pictures.npz", x=pictures, y=np.arange(24) % 3)
    spec = picture_spec("p", choice, ("a", "b", "c"), "RGB", (16, 16))
    torch.manual_seed(0)
    weights = write_safetensors(tmp_path / "p.safetensors", network(spec).state_dict(), spec)
    parent = export(ExportConfig(model=weights.path, output=tmp_path / "p.onnx")).path
    data, output = str(tmp_path / "pictures.npz"), tmp_path / "p.int8.onnx"
    options = {"target": "tensorrt", "samples": 12, "held_out": 12, "calibrator": "minmax", "sensitivity": False}
    config = QuantizeConfig.model_validate({"model": parent, "data": data, "output": output, **options})
    int8 = quantize(config).artifact.path
    for precision, model in (("fp16", parent), ("int8", int8)):
        made = build(tmp_path / precision, model, precision=precision, plugin=True)
        profiles = made.record.manifest.profiles
        assert counts(made)["convolution", precision] == convolutions * len(profiles)
        assert {kind for kind, other in counts(made) if other != precision and kind == "convolution"} == set()
        layers = {"gru": ["plugin"] * 2, "lstm": ["loop"] * 2}.get(choice.family.rpartition("-")[2], [])
        assert [layer.home for layer in made.record.recurrent] == layers
        assert [profile.sizes for profile in profiles] == ([(2, 8, 64)] if len(shape) == 5 else [(16, 16, 16)])
