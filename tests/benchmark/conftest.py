"""A folder of grey lines of known widths, all 10 pixels high."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from crnn_deploy.artifact import Artifact, write_onnx
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec


@pytest.fixture
def lines(tmp_path: Path) -> Callable[[Sequence[int]], Source]:
    def make(widths: Sequence[int]) -> Source:
        folder = tmp_path / "lines"
        folder.mkdir()
        for index, width in enumerate(widths):
            Image.new("L", (width, 10), index).save(folder / f"{index:03}.png")
        return open_source(folder)

    return make


@pytest.fixture
def reader() -> ModelSpec:
    """Keeps the aspect ratio: a line 10 pixels high becomes as wide as it was, up to a multiple of 4."""
    return ModelSpec(name="reader", charset=("a", "b"), preprocessing=Preprocessing(height=10))


@pytest.fixture
def one_conv(tmp_path: Path, reader: ModelSpec) -> Callable[[str], Artifact]:
    """Writes a CTC model of one convolution with a step of 4 pixels."""

    def make(name: str) -> Artifact:
        weights = numpy_helper.from_array(np.ones((3, 1, 10, 4), np.float32), "weights")
        axes = numpy_helper.from_array(np.array([2]), "axes")
        nodes = [
            helper.make_node("Conv", ["images", "weights"], ["features"], strides=[10, 4]),
            helper.make_node("Squeeze", ["features", "axes"], ["columns"]),
            helper.make_node("Transpose", ["columns"], ["logits"], perm=[0, 2, 1]),
        ]
        images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 1, 10, "w"])
        logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", "t", 3])
        graph = helper.make_graph(nodes, "one_conv", [images], [logits], [weights, axes])
        model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        return write_onnx(tmp_path / name, model, reader)

    return make
