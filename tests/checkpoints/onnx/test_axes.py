"""ONNX models whose axes, names and opsets differ from ours read the same once they are imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.runtime.opening import open_session

CLASSES, HEIGHT = 4, 16
WEIGHT = np.random.default_rng(0).standard_normal((HEIGHT, CLASSES)).astype(np.float32)
PREPROCESSING = "preprocessing: {height: 16, width_multiple: 1}"


def saved(
    path: Path,
    dims: tuple[Any, ...] = ("n", 1, HEIGHT, "w"),
    first: tuple[int, ...] = (0, 3, 1, 2),
    last: tuple[int, ...] | None = None,
    closing: str = "",
    opset: int = 17,
    beside: bool = False,
) -> Path:
    """Each column times a matrix: `first` moves the axes of an image to `[N, W, 1, H]`, `last` those of `[N, W, K]`.

    With `beside` the columns `[N, W, H]` are an output too, before the logits.
    """
    squeezed = {"axes": [2]} if opset < 13 else {}
    nodes = [
        helper.make_node("Transpose", ["x"], ["moved"], perm=first),
        helper.make_node("Squeeze", ["moved"] if squeezed else ["moved", "two"], ["columns"], **squeezed),
        helper.make_node("MatMul", ["columns", "weight"], ["logits"]),
    ]
    result = "logits"
    if closing:
        nodes.append(helper.make_node(closing, [result], ["closed"], axis=2))
        result = "closed"
    if last:
        nodes.append(helper.make_node("Transpose", [result], ["last"], perm=last))
        result = "last"
    constants = [numpy_helper.from_array(WEIGHT, "weight")]
    constants += [] if squeezed else [numpy_helper.from_array(np.array([2]), "two")]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)
    y = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
    columns = helper.make_tensor_value_info("columns", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [x], [columns, y] if beside else [y], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7), path)
    return path


def imported(folder: Path, **model: Any) -> Artifact:
    (folder / "s.yaml").write_text(f"charset: xyz\n{PREPROCESSING}\n", encoding="utf-8")
    checkpoint = saved(folder / "given.onnx", **model)
    return import_checkpoint(ImportConfig(checkpoint=checkpoint, output=folder / "o.onnx", spec=folder / "s.yaml"))


def images() -> NDArray[np.float32]:
    return np.random.default_rng(1).standard_normal((2, 1, HEIGHT, 20)).astype(np.float32)


def expected() -> NDArray[np.float32]:
    logits: NDArray[np.float32] = images()[:, 0].transpose(0, 2, 1) @ WEIGHT
    return logits


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"dims": ("n", HEIGHT, "w", 1), "first": (0, 2, 3, 1)},
        {"dims": ("n", "w", HEIGHT, 1), "first": (0, 1, 3, 2)},
        {"dims": ("?", 1, HEIGHT, "?")},
        {"last": (1, 0, 2)},
        {"last": (0, 2, 1)},
        {"opset": 11},
        {"opset": 9, "dims": ("?", HEIGHT, "?", 1), "first": (0, 2, 3, 1), "last": (1, 0, 2)},
        {"closing": "Softmax"},
        {"closing": "LogSoftmax", "last": (1, 0, 2)},
        {"closing": "Softmax", "last": (0, 2, 1)},
        {"beside": True, "last": (1, 0, 2)},
        {"beside": True, "last": (0, 2, 1)},
    ],
    ids=str,
)
def test_it_gives_the_same_logits(tmp_path: Path, model: dict[str, Any]) -> None:
    artifact = imported(tmp_path, **model)
    assert np.allclose(open_session(artifact).run(images()), expected(), atol=1e-5)


def test_columns_before_rows_are_told_from_a_fixed_width(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("charset: xyz\npreprocessing: {height: 16, width: 20}\n", encoding="utf-8")
    checkpoint = saved(tmp_path / "given.onnx", dims=("n", 20, HEIGHT, 1), first=(0, 1, 3, 2))
    config = ImportConfig(checkpoint=checkpoint, output=tmp_path / "o.onnx", spec=tmp_path / "s.yaml")
    assert np.allclose(open_session(import_checkpoint(config)).run(images()), expected(), atol=1e-5)


def test_free_axes_get_names_of_their_own(tmp_path: Path) -> None:
    artifact = imported(tmp_path, dims=("?", 1, HEIGHT, "?"))
    (image,) = onnxruntime.InferenceSession(artifact.path.read_bytes()).get_inputs()
    assert image.shape == ["batch", 1, HEIGHT, "width"]


def test_an_old_opset_is_raised(tmp_path: Path) -> None:
    assert opset_of(onnx.load(imported(tmp_path, opset=11).path)) == 13


def test_a_layout_that_the_spec_states_is_not_guessed(tmp_path: Path) -> None:
    saved(tmp_path / "given.onnx", last=(1, 0, 2))
    (tmp_path / "s.yaml").write_text(f"charset: xyz\noutput_layout: TNC\n{PREPROCESSING}\n", encoding="utf-8")
    config = ImportConfig(checkpoint=tmp_path / "given.onnx", output=tmp_path / "o.onnx", spec=tmp_path / "s.yaml")
    assert import_checkpoint(config).spec.output_layout == "TNC"


@pytest.mark.parametrize("last", [(1, 0, 2), (0, 2, 1)])
def test_two_outputs_of_one_other_layout_are_named(tmp_path: Path, last: tuple[int, ...]) -> None:
    model = onnx.load(saved(tmp_path / "given.onnx", last=last))
    model.graph.node.append(helper.make_node("Relu", ["last"], ["again"]))
    model.graph.output.append(helper.make_tensor_value_info("again", TensorProto.FLOAT, None))
    onnx.save(model, tmp_path / "given.onnx")
    (tmp_path / "s.yaml").write_text(f"charset: xyz\n{PREPROCESSING}\n", encoding="utf-8")
    config = ImportConfig(checkpoint=tmp_path / "given.onnx", output=tmp_path / "o.onnx", spec=tmp_path / "s.yaml")
    with pytest.raises(InputError, match="2 outputs that may be the logits"):
        import_checkpoint(config)
