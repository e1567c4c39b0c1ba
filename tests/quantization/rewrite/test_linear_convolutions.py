"""Convolutions between INT8 layers as ops of our own."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.native import KERNELS_VARIABLE, kernel_level
from crnn_deploy.onnx_graph.operators import OWN_CONVOLUTIONS
from crnn_deploy.quantization.rewrite.linear_convolutions import put_convolutions_in_own_ops
from crnn_deploy.quantization.rewrite.qdq import insert_qdq
from crnn_deploy.quantization.rewrite.realised import realised_precision
from crnn_deploy.quantization.rewrite.scheme import SCHEMES
from crnn_deploy.quantization.rewrite.slimming import slim

IMAGES = np.random.default_rng(3).standard_normal((3, 2, 8, 12)).astype(np.float32)
RANGES = {
    "images": (-3.0, 3.0),
    "f1": (-6.0, 6.0),
    "a": (0.0, 6.0),
    "b": (0.0, 9.0),
    "c": (-9.0, 9.0),
    "sum": (-9.0, 12.0),
    "logits": (-20.0, 20.0),
}
LAYERS = {"first", "expand", "project", "last"}


def network(
    second: dict[str, Any] | None = None,
    project: dict[str, Any] | None = None,
    other: str = "a",
    relu: str = "Relu",
    outputs: tuple[str, ...] = ("logits",),
) -> onnx.ModelProto:
    """first, of stride 2 → expand → project, to which the result of first is added → last."""
    random = np.random.default_rng(0)
    groups = (second or {}).get("group", 1)
    shapes = {"w1": (5, 2, 3, 3), "w2": (10, 5 // groups, 3, 3), "w3": (5, 10, 1, 1), "w4": (4, 5, 1, 1)}
    weights: dict[str, Any] = {
        name: random.standard_normal(shape).astype(np.float32) / 3 for name, shape in shapes.items()
    }
    weights |= {f"b{n}": random.standard_normal(shape[0]).astype(np.float32) for n, shape in enumerate(shapes.values())}
    nodes = [
        helper.make_node("Conv", ["images", "w1", "b0"], ["f1"], "first", strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node(relu, ["f1"], ["a"], "relu1"),
        helper.make_node("Conv", ["a", "w2", "b1"], ["f2"], "expand", **{"pads": [1, 1, 1, 1], **(second or {})}),
        helper.make_node("Relu", ["f2"], ["b"], "relu2"),
        helper.make_node("Conv", ["b", "w3"], ["c"], "project", **(project or {})),
        helper.make_node("Add", [other, "c"], ["sum"], "residual"),
        helper.make_node("Conv", ["sum", "w4", "b3"], ["logits"], "last"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 2, 8, "W"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["a", "b", "c", "d"]) for name in outputs],
        [numpy_helper.from_array(values, name) for name, values in weights.items() if name != "b2"],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def in_int8(model: onnx.ModelProto, layers: set[str] = LAYERS) -> onnx.ModelProto:
    return insert_qdq(model, layers, RANGES, SCHEMES["cpu"])


def replaced(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    put_convolutions_in_own_ops(copy)
    return copy


def result(model: onnx.ModelProto, images: np.ndarray = IMAGES) -> np.ndarray:
    """Without our library."""
    return ort.InferenceSession(model.SerializeToString()).run(["logits"], {"images": images})[0]


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def assert_same(after: onnx.ModelProto, before: onnx.ModelProto) -> None:
    onnx.checker.check_model(after, full_check=True)
    for images in (IMAGES, IMAGES[:1, :, :, :5]):
        np.testing.assert_allclose(result(after, images), result(before, images), atol=1e-5)


def test_two_conversions_and_two_transposes_are_left() -> None:
    before = in_int8(network())
    after = replaced(before)
    assert kinds(after) == {
        "QLinearNhwcConv": 3,
        "QLinearNhwcConvAdd": 1,
        "QuantizeLinear": 1,
        "DequantizeLinear": 1,
        "Transpose": 2,
    }
    assert_same(after, before)


def test_slimmed_files_are_recognised_too() -> None:
    before = in_int8(network())
    slim(before)
    assert kinds(replaced(before)) == kinds(replaced(in_int8(network())))


def test_the_definitions_of_both_ops_are_in_the_file_once() -> None:
    once = replaced(in_int8(network()))
    assert sorted(function.name for function in once.functions) == sorted(OWN_CONVOLUTIONS)
    assert replaced(once) == once


@pytest.mark.parametrize("level", ["amx", "amx-emulated"])
def test_where_our_kernels_run_they_do_all_arithmetic(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KERNELS_VARIABLE, level)
    try:
        kernel_level()
    except Exception:
        pytest.skip(f"no {level} here")
    realised = realised_precision(replaced(in_int8(network())))
    assert realised.int8 == {"QLinearNhwcConv": 3, "QLinearNhwcConvAdd": 1}
    assert not realised.fp32


def test_elsewhere_the_same_nodes_run_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KERNELS_VARIABLE, "portable")
    if kernel_level() is None:
        pytest.skip("there are no kernels here")
    monkeypatch.setenv("CRNN_DEPLOY_LIBRARY", "")
    before = in_int8(network())
    assert realised_precision(replaced(before)) == realised_precision(before)
    assert realised_precision(before).int8 == {"QLinearConv": 4}


def test_a_layer_outside_of_the_plan_stays_as_it_is() -> None:
    before = in_int8(network(), {"expand", "project", "last"})
    after = replaced(before)
    assert kinds(after)["Conv"] == 1
    assert kinds(after)["QLinearNhwcConv"] + kinds(after)["QLinearNhwcConvAdd"] == 3
    assert_same(after, before)


UNUSUAL: dict[str, dict[str, Any]] = {
    "groups": {"group": 5},
    "dilations": {"dilations": [2, 2], "pads": [2, 2, 2, 2]},
    "padding by name": {"auto_pad": "SAME_UPPER", "pads": None},
}


@pytest.mark.parametrize("changed", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_convolutions_and_what_is_around_them_stay_as_they_are(changed: dict[str, Any]) -> None:
    model = network(second={name: value for name, value in changed.items() if value is not None})
    if "pads" in changed and changed["pads"] is None:
        node = model.graph.node[2]
        node.attribute.remove(next(attribute for attribute in node.attribute if attribute.name == "pads"))
    before = in_int8(model)
    assert replaced(before) == before


def test_both_sides_of_an_addition_may_be_convolutions() -> None:
    """As in a block of a ResNet that halves the size: kernels of 3 pixels and of one, both with stride 2."""
    model = network(second={"strides": [2, 2], "pads": [1, 1, 1, 1]}, other="side")
    weights = np.random.default_rng(1).standard_normal((5, 5, 1, 1)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "w_side"))
    side = helper.make_node("Conv", ["a", "w_side"], ["side"], "side", strides=[2, 2])
    model.graph.node.insert(2, side)
    before = insert_qdq(model, LAYERS | {"side"}, {**RANGES, "side": (-9.0, 9.0)}, SCHEMES["cpu"])
    after = replaced(before)
    assert kinds(after)["QLinearNhwcConvAdd"] == 1
    assert kinds(after)["QLinearNhwcConv"] == 4
    assert kinds(after)["Add"] == kinds(after)["Conv"] == 0
    assert_same(after, before)


def test_maps_of_other_sizes_are_not_added_inside() -> None:
    """Two kernels without padding, which lose other rows: the map of one row is broadcast."""
    model = network(second={"pads": [0, 0, 0, 0], "strides": [1, 1]}, other="side")
    weights = np.random.default_rng(1).standard_normal((5, 5, 4, 1)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "w_side"))
    side = helper.make_node("Conv", ["a", "w_side"], ["side"], "side", pads=[0, 0, 0, 0], strides=[1, 9])
    model.graph.node.insert(2, side)
    before = insert_qdq(model, LAYERS | {"side"}, {**RANGES, "side": (-9.0, 9.0)}, SCHEMES["cpu"])
    after = replaced(before)
    assert kinds(after)["QLinearNhwcConvAdd"] == 0


def test_what_else_is_read_is_still_there() -> None:
    before = in_int8(network(outputs=("logits", "c")))
    after = replaced(before)
    assert kinds(after)["Add"] == 1  # the result of the projection is an output
    assert_same(after, before)


def test_a_map_that_is_broadcast_is_added_outside() -> None:
    model = network(other="mean")
    pool = helper.make_node("ReduceMean", ["a"], ["mean"], "pool", axes=[2, 3])
    model.graph.node.insert(2, pool)
    before = insert_qdq(model, LAYERS, {**RANGES, "mean": (0.0, 3.0)}, SCHEMES["cpu"])
    after = replaced(before)
    assert kinds(after)["Add"] == 1
    assert_same(after, before)


def test_another_activation_is_not_left_out() -> None:
    before = in_int8(network(relu="Tanh"))
    after = replaced(before)
    assert kinds(after)["Tanh"] == 1
    assert_same(after, before)


def test_weights_and_biases_that_do_not_fit_stay_as_they_are() -> None:
    before = in_int8(network())
    bias = next(tensor for tensor in before.graph.initializer if tensor.data_type == TensorProto.INT32)
    huge = np.full(list(bias.dims), 2**31 - 5, np.int32)
    bias.CopyFrom(numpy_helper.from_array(huge, bias.name))
    assert kinds(replaced(before))["Conv"] >= 1


def test_poolings_between_convolutions_are_replaced_too() -> None:
    model = network(other="pooled")
    for node in model.graph.node:
        if node.name == "expand":
            node.input[0] = "pooled"
    pool = helper.make_node("MaxPool", ["a"], ["pooled"], "pool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    model.graph.node.insert(2, pool)
    before = insert_qdq(model, LAYERS, {**RANGES, "pooled": RANGES["a"]}, SCHEMES["cpu"])
    after = replaced(before)
    assert kinds(after)["NhwcMaxPool"] == 1
    assert kinds(after)["QLinearNhwcConvAdd"] == 1
    assert kinds(after)["MaxPool"] == 0
    assert_same(after, before)


def test_nothing_is_replaced_where_many_transposes_would_be_needed() -> None:
    """Between depthwise convolutions, which stay those of ONNX Runtime."""
    random = np.random.default_rng(0)
    nodes, weights, ranges, last = [], {}, {"images": (-3.0, 3.0)}, "images"
    for number in range(4):
        for kind, shape in (("wide", (6, 2 if number == 0 else 6, 1, 1)), ("deep", (6, 1, 3, 3))):
            name = f"{kind}{number}"
            weights[f"w_{name}"] = random.standard_normal(shape).astype(np.float32)
            group = 6 if kind == "deep" else 1
            pads = [1, 1, 1, 1] if kind == "deep" else [0, 0, 0, 0]
            nodes.append(helper.make_node("Conv", [last, f"w_{name}"], [name], name, group=group, pads=pads))
            ranges[name], last = (-9.0, 9.0), name
    nodes[-1].output[0] = "logits"
    ranges["logits"] = (-9.0, 9.0)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 2, 8, "W"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["a", "b", "c", "d"])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    before = insert_qdq(model, {node.name for node in nodes}, ranges, SCHEMES["cpu"])
    assert replaced(before) == before
