"""Models of old opsets are raised where they still compute the same, and stay as they are elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
import tiny_crnn
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.runtime import raised_opset
from crnn_deploy.runtime.raised_opset import with_recent_opset

OUTPUTS = tiny_crnn.tiny_spec().num_outputs


def reader(opset: int, domain: str = "") -> onnx.ModelProto:
    """The mean over colours and height times a weight: `[N, 1, 16, W]` → `[N, W, K]`."""
    axes = helper.make_node("Constant", [], ["axes"], value=numpy_helper.from_array(np.array([2])))
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["columns"], axes=[1, 2], keepdims=0),
        *([axes, helper.make_node("Unsqueeze", ["columns", "axes"], ["steps"])] if opset >= 13 else []),
        *([helper.make_node("Unsqueeze", ["columns"], ["steps"], axes=[2])] if opset < 13 else []),
        helper.make_node("MatMul", ["steps", "w"], ["logits"]),
    ]
    weight = np.random.default_rng(0).normal(size=(1, OUTPUTS)).astype(np.float32)
    graph = helper.make_graph(
        nodes,
        "reader",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 1, 16, "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", "t", OUTPUTS])],
        [numpy_helper.from_array(weight, "w")],
    )
    opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=7)


@pytest.mark.parametrize("opset", [11, 13])
def test_an_old_model_is_raised(opset: int) -> None:
    assert opset_of(with_recent_opset(reader(opset), 19, tiny_crnn.tiny_spec(), "the model")) == 19


def test_a_model_of_other_domains_or_a_newer_opset_stays() -> None:
    for given, oldest in ((reader(13, "com.microsoft"), 19), (reader(13), 13)):
        assert with_recent_opset(given, oldest, tiny_crnn.tiny_spec(), "the model") is given


def _broken_weight(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.ones((1, OUTPUTS), np.float32), "w"))


def _broken_shape(model: onnx.ModelProto) -> None:
    model.graph.node[-1].output[0] = "whole"
    model.graph.node.append(helper.make_node("Squeeze", ["whole"], ["logits"]))  # of one image, the axis of images
    del model.graph.output[0].type.tensor_type.shape.dim[0]


@pytest.mark.parametrize("broken", [_broken_weight, _broken_shape])
def test_of_a_conversion_that_computes_something_else_the_folded_one_is_tried(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[onnx.ModelProto], None]
) -> None:
    convert, tried = raised_opset.version_converter.convert_version, []

    def broken_at_first(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
        raised = convert(model, opset)
        tried.append(len(model.graph.node))
        if len(tried) == 1:
            broken(raised)
        return raised

    monkeypatch.setattr(raised_opset.version_converter, "convert_version", broken_at_first)
    given = reader(13)
    assert opset_of(with_recent_opset(given, 19, tiny_crnn.tiny_spec(), "the model")) == 19
    assert tried == [4, 3]
