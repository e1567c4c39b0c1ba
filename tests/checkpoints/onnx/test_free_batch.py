"""ONNX models for a fixed number of images, in FP16, of integers or with several outputs: they read as the original."""

from __future__ import annotations

from pathlib import Path

import broken_onnx as graphs
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.artifact import Artifact, open_artifact, read_onnx
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.opening import open_session

IMAGES = np.random.default_rng(1).uniform(-1, 1, (3, 1, 16, 48)).astype(np.float32)


def imported(folder: Path, model: onnx.ModelProto, spec: str = graphs.SPEC_YAML) -> Artifact:
    (folder / "given.onnx").write_bytes(model.SerializeToString())
    (folder / "s.yaml").write_text(spec)
    config = ImportConfig(checkpoint=folder / "given.onnx", spec=folder / "s.yaml", output=folder / "o.onnx")
    return import_checkpoint(config)


def one_by_one(model: onnx.ModelProto, images: np.ndarray, copies: int = 1, output: str = "y") -> np.ndarray:
    """The logits of each image as the given graph reads it, in a batch of `copies` of it."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run([output], {name: np.repeat(i[None], copies, 0)})[0][:1] for i in images])


def batch_of(model: onnx.ModelProto) -> int:
    return int(model.graph.input[0].type.tensor_type.shape.dim[0].dim_value)


def fixed_reshape(model: onnx.ModelProto, batch: int = 1) -> None:
    graphs.with_input(model, batch=batch)
    graphs.with_values(model, "sizes", np.array([batch, -1, 12]))


def fixed_states(model: onnx.ModelProto) -> None:
    """Initial states of one image, in a graph that claims to take any number."""
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((2, 1, 6), np.float32), "state"))
    graphs.node(model, "gru").input.extend(["", "state"])


def computed_states(model: onnx.ModelProto) -> None:
    fixed_states(model)
    graphs.weight(model, "state").CopyFrom(numpy_helper.from_array(np.array([2, 1, 6]), "state_sizes"))
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["state_sizes"], ["state"], "zeros"))


def learned_states(model: onnx.ModelProto) -> None:
    fixed_states(model)
    graphs.with_values(model, "state", np.full((2, 1, 6), 0.5, np.float32))


@pytest.mark.parametrize(
    ("change", "copies"),
    [
        (lambda model: graphs.with_input(model, batch=1), 1),
        (lambda model: graphs.with_input(model, batch=8), 8),
        (fixed_reshape, 1),
        (lambda model: fixed_reshape(model, 8), 8),
        (lambda model: graphs.with_values(model, "sizes", np.array([1, -1, 12])), 1),
        (fixed_states, 1),
        (computed_states, 1),
    ],
)
def test_a_fixed_batch_becomes_free_and_each_image_reads_the_same(
    tmp_path: Path, change: graphs.Change, copies: int
) -> None:
    given = graphs.recogniser(change)
    artifact = imported(tmp_path, given)
    assert batch_of(read_onnx(artifact.path)) == 0
    expected = one_by_one(given, IMAGES, copies)
    session = open_session(artifact, threads=1)
    np.testing.assert_allclose(session.run(IMAGES), expected, atol=1e-5)
    np.testing.assert_allclose(session.run(IMAGES[:1]), expected[:1], atol=1e-5)


def test_what_cannot_be_freed_runs_one_image_at_a_time(tmp_path: Path) -> None:
    given = graphs.recogniser(learned_states)
    artifact = imported(tmp_path, given)
    assert batch_of(read_onnx(artifact.path)) == 1
    np.testing.assert_allclose(open_session(artifact, 1).run(IMAGES), one_by_one(given, IMAGES), atol=1e-5)


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_an_artifact_with_a_fixed_batch_takes_any_number_of_images(tmp_path: Path, batch: int) -> None:
    given = graphs.recogniser(lambda model: fixed_reshape(model, batch))
    (tmp_path / "m.onnx").write_bytes(given.SerializeToString())
    artifact = imported(tmp_path, graphs.recogniser())
    session = open_session(Artifact(tmp_path / "m.onnx", artifact.spec), threads=1)
    np.testing.assert_allclose(session.run(IMAGES), one_by_one(given, IMAGES, batch), atol=1e-5)


def test_a_free_model_keeps_its_graph(tmp_path: Path) -> None:
    given = graphs.recogniser()
    assert read_onnx(imported(tmp_path, given).path).graph == given.graph


def in_half(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16


def test_half_precision_becomes_full_and_reads_the_same_within_its_rounding(tmp_path: Path) -> None:
    given = graphs.recogniser(in_half)
    artifact = imported(tmp_path, given)
    kept = {tensor.name: numpy_helper.to_array(tensor) for tensor in read_onnx(artifact.path).graph.initializer}
    for tensor in given.graph.initializer:
        np.testing.assert_array_equal(kept[tensor.name], numpy_helper.to_array(tensor))
    found = open_session(artifact, threads=1).run(IMAGES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, one_by_one(given, IMAGES.astype(np.float16)), atol=0.02)


@pytest.mark.parametrize("kind", [TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64])
def test_a_model_of_whole_numbers_gets_pixels(tmp_path: Path, kind: int) -> None:
    given = graphs.recogniser(lambda model: graphs.with_input(model, kind))
    artifact = imported(tmp_path, given)
    p = artifact.spec.preprocessing
    pixels = np.random.default_rng(2).integers(0, 256, (3, 1, 16, 48))
    normalised = ((pixels.astype(np.float32) / np.float32(255) - p.mean[0]) / np.float32(p.std[0])).astype(np.float32)
    expected = one_by_one(given, pixels.astype(helper.tensor_dtype_to_np_dtype(kind)))
    np.testing.assert_allclose(open_session(artifact, threads=1).run(normalised), expected, rtol=1e-4, atol=1e-4)


def test_a_normalisation_beside_that_of_the_model_is_refused(tmp_path: Path) -> None:
    given = graphs.recogniser(lambda model: graphs.with_input(model, TensorProto.UINT8))
    spec = "charset: abc\npreprocessing: {height: 16, mean: [0.5], std: [0.5]}\n"
    with pytest.raises(InputError, match="takes whole numbers"):
        imported(tmp_path, given, spec)


@pytest.mark.parametrize("first", [False, True])
def test_the_logits_are_found_beside_class_numbers(tmp_path: Path, first: bool) -> None:
    given = graphs.recogniser(lambda model: graphs.with_ids(model, first))
    artifact = imported(tmp_path, given)
    assert [output.name for output in read_onnx(artifact.path).graph.output] == ["y"]
    np.testing.assert_allclose(open_session(artifact, 1).run(IMAGES), one_by_one(given, IMAGES), atol=1e-5)


def test_two_outputs_that_may_both_be_the_logits_are_refused(tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.graph.node.append(helper.make_node("Relu", ["y"], ["other"]))
        model.graph.output.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, ["n", "t", 4]))

    with pytest.raises(InputError, match="2 outputs that may be the logits"):
        imported(tmp_path, graphs.recogniser(change))


@pytest.mark.parametrize("mask", [np.inf, -np.inf])
def test_infinite_outputs_are_refused_at_import_and_when_opened(tmp_path: Path, mask: float) -> None:
    model = graphs.recogniser()
    model.graph.initializer.append(numpy_helper.from_array(np.array([0, 0, mask, 0], np.float32), "mask"))
    graphs.node(model, "bias").output[0] = "unmasked"
    model.graph.node.append(helper.make_node("Add", ["unmasked", "mask"], ["y"]))
    with pytest.raises(InputError, match="NaN or infinite outputs"):
        imported(tmp_path, model)
    with pytest.raises(InputError, match="NaN or infinite outputs"):
        open_session(open_artifact(tmp_path / "given.onnx"))


def test_nodes_in_another_order_are_sorted(tmp_path: Path) -> None:
    def backwards(model: onnx.ModelProto) -> None:
        nodes = list(model.graph.node)[::-1]
        del model.graph.node[:]
        model.graph.node.extend(nodes)

    artifact = imported(tmp_path, graphs.recogniser(backwards))
    onnx.checker.check_model(read_onnx(artifact.path))
