"""Training with a vector beside each picture, and what becomes of such a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from pictures_with_vectors import draw_csv, draw_npz, exclusive_or

from crnn_deploy.artifact import Artifact
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.explaining.config import ExplainConfig
from crnn_deploy.explaining.explain import explain
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize
from crnn_deploy.training.distill import distill
from crnn_deploy.training.train import train
from crnn_deploy.training.vector import names_at, vector_of

from .tiny import distill_config, error_of, train_config

SMALL = {"family": "cnn-gru", "channels": 4, "hidden": 8, "layers": 1}
LEARN = {"epochs": 9, "batch_size": 16, "augmentation": 0, "learning_rate": 0.02, "vector": "Bit,noise"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    return draw_csv(folder / "train")


@pytest.fixture(scope="module")
def unseen(folder: Path) -> Path:
    return draw_csv(folder / "val", 80, seed=1)


@pytest.fixture(scope="module")
def trained(folder: Path, data: Path, unseen: Path) -> Artifact:
    return train(train_config(data, folder / "both.safetensors", model=SMALL, validation=str(unseen), **LEARN))


@pytest.fixture(scope="module")
def exported(trained: Artifact, unseen: Path) -> Artifact:
    output = trained.path.with_suffix(".onnx")
    return export(ExportConfig(model=trained.path, output=output, data=str(unseen)))


def test_a_network_uses_both_inputs(trained: Artifact, unseen: Path) -> None:
    """Neither the picture nor the vector alone is right more often than chance."""
    assert trained.spec.class_names == ("other", "same")
    assert trained.spec.preprocessing.vector_names == ("bit", "noise")
    assert error_of(trained, unseen) < 0.05


def test_it_is_exported_with_two_inputs_for_any_batch(exported: Artifact, unseen: Path) -> None:
    inputs = {value.name: value.type.tensor_type.shape.dim for value in onnx.load(exported.path).graph.input}
    assert [(name, sizes[0].dim_param, sizes[-1].dim_value) for name, sizes in inputs.items()] == [
        ("images", "batch", 8),
        ("vector", "batch", 2),
    ]
    assert error_of(exported, unseen) < 0.05


def test_int8_is_calibrated_on_both_inputs(exported: Artifact, data: Path, unseen: Path) -> None:
    output = exported.path.with_suffix(".int8.onnx")
    options = {"model": exported.path, "data": str(data), "output": output, "calibrator": "minmax"}
    made = quantize(QuantizeConfig.model_validate({**options, "target": "tensorrt", "sensitivity": False}))
    assert error_of(made.artifact, unseen) < 0.05
    assert "vector" in {each.name for each in made.record.tensors}


def test_pictures_are_read_and_explained_with_their_vectors(exported: Artifact, unseen: Path) -> None:
    read = predict(PredictConfig(images=(str(unseen),), model=exported.path)).readings
    labels = [line.split(",")[1] for line in (unseen / "labels.csv").read_text().splitlines()[1:]]
    assert np.mean([each.text == label for each, label in zip(read, labels, strict=True)]) > 0.95
    explained = explain(ExplainConfig(model=exported.path, images=(str(unseen),), limit=4)).explanations
    assert [each.text for each in explained] == [each.text for each in read[:4]]


def test_its_student_takes_the_vector_too(exported: Artifact, unseen: Path) -> None:
    student = {"family": "mobilenet-v4-gru", "width": 0.25, "hidden": 8, "layers": 1}
    output = exported.path.with_name("student.safetensors")
    made = distill(distill_config(exported, unseen, output, student=student, epochs=1, qat=1, batch_size=40))
    assert made.spec.preprocessing.vector == exported.spec.preprocessing.vector
    export(ExportConfig(model=made.path, output=output.with_suffix(".onnx")))


def test_other_training_data_have_the_same_numbers(folder: Path, data: Path) -> None:
    other = draw_npz(folder / "other.npz", 20, seed=2, names=("bit", "age"))
    with pytest.raises(InputError, match=r"other\.npz has no noise beside its images"):
        train(train_config(data, folder / "x.safetensors", model=SMALL, validation=str(other), **LEARN))
    with pytest.raises(InputError, match="crnn-bigru takes pictures alone"):
        train(train_config(data, folder / "x.safetensors", **LEARN))


def test_numbers_are_normalised_by_the_training_images(tmp_path: Path) -> None:
    source = open_source(draw_npz(tmp_path / "a.npz"))
    (bit, noise) = vector_of(source, ("bit", "noise"))
    rows = exclusive_or()[2]
    np.testing.assert_allclose([bit.mean, noise.std], [rows[:, 0].mean(), rows[:, 1].std()])


def test_a_number_that_is_always_the_same_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 8, 8), np.uint8), y=[0, 1, 0], vectors=np.ones((3, 1)))
    with pytest.raises(InputError, match="v0 varies too much or too little"):
        vector_of(open_source(tmp_path / "a.npz"), ("v0",))


def test_all_stands_for_everything_beside_the_images(tmp_path: Path) -> None:
    assert names_at(str(draw_npz(tmp_path / "a.npz")), ("all",)) == ("bit", "noise")
    np.savez(tmp_path / "b.npz", x=np.zeros((3, 8, 8), np.uint8), y=[0, 1, 0])
    with pytest.raises(InputError, match="no numbers beside"):
        names_at(str(tmp_path / "b.npz"), ("all",))
