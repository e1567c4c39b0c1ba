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
from crnn_deploy.models.pictures.config import CnnGru, CnnLstm, FramesGru, PictureChoice, PixelGru, ResNet
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.models.student import student_spec
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize
from crnn_deploy.spec import ModelSpec
from crnn_deploy.vector import VectorNumber

from .rtx_engines import build, counts

pytestmark = pytest.mark.usefixtures("uses_rtx", "plugin")
SMALL: tuple[tuple[PictureChoice | StudentChoice, int], ...] = (
    (CnnLstm(channels=16, hidden=16), 2),
    (CnnGru(channels=16, hidden=16, attention=1, dynamic_gates=True), 2),
    (ResNet(family="resnet18", width=0.25), 20),
    (ResNet(family="resnet18-gru", width=0.25, hidden=16), 20),
    (ResNet(family="resnet18-lstm", width=0.25, hidden=16), 20),
    (PixelGru(channels=16, hidden=16), 1),
    (FramesGru(channels=16, stages=2, hidden=16, layers=2), 2),
    (StudentChoice(family="mobilenet-v4-gru", width=0.25, hidden=16, layers=2), 14),
)
VECTOR = tuple(VectorNumber(name=f"v{number}") for number in range(6))


def exported(folder: Path, spec: ModelSpec) -> Path:
    """The network of a spec with random weights, as ONNX."""
    torch.manual_seed(0)
    weights = write_safetensors(folder / "p.safetensors", network(spec).state_dict(), spec)
    return export(ExportConfig(model=weights.path, output=folder / "p.onnx")).path


def models_of(folder: Path, spec: ModelSpec) -> dict[str, Path]:
    """The network of a spec with fresh weights: in FP32 for an FP16 engine, and in INT8 for one in INT8."""
    rng = np.random.default_rng(0)
    shape = (24, 3, 16, 16, 3) if spec.preprocessing.clips else (24, 16, 16, 3)
    pictures = rng.integers(0, 256, shape, np.uint8)
    beside = {"vectors": rng.normal(size=(24, len(spec.preprocessing.vector)))} if spec.preprocessing.vector else {}
    np.savez(folder / "pictures.npz", x=pictures, y=np.arange(24) % 3, **beside)
    parent = exported(folder, spec)
    data, output = str(folder / "pictures.npz"), folder / "p.int8.onnx"
    options = {"target": "tensorrt", "samples": 12, "held_out": 12, "calibrator": "minmax", "sensitivity": False}
    config = QuantizeConfig.model_validate({"model": parent, "data": data, "output": output, **options})
    return {"fp16": parent, "int8": quantize(config).artifact.path}


def test_a_vector_is_the_second_input_of_an_engine(tmp_path: Path) -> None:
    spec = picture_spec("p", CnnGru(channels=16, hidden=16), ("a", "b", "c"), "RGB", (16, 16), vector=VECTOR)
    for precision, model in models_of(tmp_path, spec).items():
        made = build(tmp_path / precision, model, precision=precision, plugin=True)
        assert made.record.manifest.other_inputs == ("vector",)
        assert counts(made)["matmul", precision] >= 3  # of the vector, of both, and the head
        assert ("matmul", "fp32") not in counts(made)
        assert [layer.home for layer in made.record.recurrent] == ["plugin"] * 2


def test_unrolled_loops_are_proved_layer_by_layer(tmp_path: Path) -> None:
    """Over four steps no layer of TensorRT's has a GRU's name; four steps of two layers are eight or more products."""
    spec = picture_spec("p", CnnGru(channels=16, hidden=16), ("a", "b", "c"), "RGB", (16, 16))
    made = build(tmp_path / "made", exported(tmp_path, spec), precision="fp16", plugin=False)
    assert [layer.home for layer in made.record.recurrent] == ["loop", "loop"]
    assert counts(made)["matmul", "fp16"] > 2 * 4


@pytest.mark.parametrize(("choice", "convolutions"), SMALL, ids=lambda value: getattr(value, "family", ""))
def test_its_convolutions_run_in_the_precision_of_the_engine(
    tmp_path: Path, choice: PictureChoice | StudentChoice, convolutions: int
) -> None:
    like = CnnGru() if isinstance(choice, StudentChoice) else choice
    spec = picture_spec("p", like, ("a", "b", "c"), "RGB", (16, 16))
    if isinstance(choice, StudentChoice):
        spec = student_spec("p", choice, spec)
    for precision, model in models_of(tmp_path, spec).items():
        made = build(tmp_path / precision, model, precision=precision, plugin=True)
        profiles = made.record.manifest.profiles
        assert counts(made)["convolution", precision] == convolutions * len(profiles)
        assert {kind for kind, other in counts(made) if other != precision and kind == "convolution"} == set()
        layers = {"gru": ["plugin"] * 2, "lstm": ["loop"] * 2}.get(choice.family.rpartition("-")[2], [])
        assert [layer.home for layer in made.record.recurrent] == layers
        assert [profile.sizes for profile in profiles] == ([(2, 8, 64)] if spec.preprocessing.clips else [(16, 16, 16)])
