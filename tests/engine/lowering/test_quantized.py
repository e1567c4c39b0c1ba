"""Q/DQ graphs: which are taken, and what becomes of them."""

from __future__ import annotations

import numpy as np
import pytest
from engine.graphs import as_exported, model, ops, run
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import LoweringOptions
from crnn_deploy.engine.lowering.schemas import element_types
from crnn_deploy.engine.proof.rounding import rounded
from crnn_deploy.errors import InputError

INT8 = LoweringOptions(precision="int8")
HALF, FLOAT = TensorProto.FLOAT16, TensorProto.FLOAT


def pair(name, result, scale="scale", zero="zero"):
    return [
        helper.make_node("QuantizeLinear", [name, scale, zero], [f"{name}_q"], f"{name}_quantize"),
        helper.make_node("DequantizeLinear", [f"{name}_q", scale, zero], [result], f"{name}_dequantize"),
    ]


def network(scale=0.02, zero=0, kind=np.int8, weight_scale=0.01, opset=20):
    """Convolution, ReLU, maximum, convolution, and a product, all INT8, over `x` [N, 3, 4, W] to `y` [N, 4·W/2, 5]."""
    random = np.random.default_rng(0)
    nodes = [
        *pair("x", "x_dq"),
        helper.make_node("DequantizeLinear", ["w1", "s1"], ["w1_dq"], "w1_dequantize", axis=0),
        helper.make_node("Conv", ["x_dq", "w1_dq", "b1"], ["a"], "conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], "relu1"),
        helper.make_node("MaxPool", ["b"], ["c"], "pool", kernel_shape=[1, 2], strides=[1, 2]),
        *pair("c", "c_dq"),
        helper.make_node("DequantizeLinear", ["w2", "s2"], ["w2_dq"], "w2_dequantize", axis=0),
        helper.make_node("Conv", ["c_dq", "w2_dq"], ["d"], "conv2"),
        helper.make_node("Reshape", ["d", "shape"], ["e"], "flatten"),
        helper.make_node("Transpose", ["e"], ["f"], "turn", perm=[0, 2, 1]),
        *pair("f", "f_dq"),
        helper.make_node("DequantizeLinear", ["w3", "s3"], ["w3_dq"], "w3_dequantize", axis=1),
        helper.make_node("MatMul", ["f_dq", "w3_dq"], ["g"], "product"),
        helper.make_node("Add", ["g", "b3"], ["y"], "bias"),
    ]
    constants = {
        "scale": np.float32(scale),
        "zero": kind(zero),
        "w1": random.integers(-127, 128, (8, 3, 3, 3)).astype(np.int8),
        "s1": np.full(8, weight_scale, np.float32),
        "b1": random.standard_normal(8).astype(np.float32),
        "w2": random.integers(-127, 128, (6, 8, 1, 1)).astype(np.int8),
        "s2": np.full(6, weight_scale, np.float32),
        "shape": np.array([0, 6, -1]),
        "w3": random.integers(-127, 128, (6, 5)).astype(np.int8),
        "s3": np.full(5, weight_scale, np.float32),
        "b3": random.standard_normal(5).astype(np.float32),
    }
    return model(nodes, {"x": ["n", 3, 4, "w"]}, {"y": ["n", "f", 5]}, constants, opset)


def calibrated_gru(plugin_input="s0"):
    """As exporters write it, with a Q/DQ pair in front of the layer."""
    graph = as_exported(direction="bidirectional")
    nodes = list(graph.graph.node)
    nodes[1].input[0] = "dq"
    with_pair = [nodes[0], *pair(plugin_input, "dq"), *nodes[1:]]
    del graph.graph.node[:]
    graph.graph.node.extend(with_pair)
    graph.graph.initializer.extend(
        [numpy_helper.from_array(np.float32(0.03), "scale"), numpy_helper.from_array(np.int8(0), "zero")]
    )
    return graph


def image(seed=0):
    return {"x": np.random.default_rng(seed).uniform(-2, 2, (2, 3, 4, 10)).astype(np.float32)}


def output_type(found, name):
    node = next(node for node in found.model.graph.node if node.name == name)
    return element_types(found.model)[node.output[0]]


def test_layers_between_qdq_are_expected_in_int8():
    found = lower(network(), INT8)
    assert found.expected == dict.fromkeys(("conv1", "conv2", "product"), "int8")
    assert found.kept_fp32 == {}


def test_convolutions_hand_on_fp32_until_the_next_rounding_and_products_fp16():
    found = lower(network(), INT8)
    names = ("conv1", "relu1", "pool", "conv2", "flatten", "product", "bias")
    assert [output_type(found, name) for name in names] == [FLOAT] * 4 + [HALF] * 3


def test_reads_as_the_parent_does():
    graph = network()
    found, expected = run(rounded(lower(graph, INT8).model), image())[0], run(graph, image())[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02 * np.abs(expected).max())


def test_nothing_stands_between_a_pair_and_its_layer():
    found = lower(network(), INT8).model
    producers = {name: node.op_type for node in found.graph.node for name in node.output}
    for node in found.graph.node:
        if node.op_type in ("Conv", "MatMul"):
            assert [producers[name] for name in node.input[:2]] == ["DequantizeLinear"] * 2


@pytest.mark.parametrize("weight_scale", [1e-9, 600.0 * 127])
def test_scales_that_fp16_cannot_hold_stay_fp32_with_their_layer(weight_scale):
    found = lower(network(weight_scale=weight_scale), INT8)
    assert list(found.kept_fp32) == ["product"]  # convolutions hand on FP32 anyway
    assert "(s3)" in found.kept_fp32["product"]
    assert output_type(found, "product") == FLOAT
    assert found.expected["product"] == "int8"


@pytest.mark.parametrize("scale", [1e-5, 0.02, 500.0])
def test_other_scales_become_fp16(scale):
    found = lower(network(weight_scale=scale), INT8)
    kinds = {tensor.name: tensor.data_type for tensor in found.model.graph.initializer}
    assert kinds["engine::half::s3"] == HALF
    assert found.kept_fp32 == {}


def test_a_calibrated_gru_gets_an_int8_projection():
    graph = calibrated_gru()
    found = lower(graph, INT8)
    assert found.expected == {"engine::projection::gru0": "int8", "gru0": "fp16"}
    assert ops(found.model).count("Transpose") == 1  # in front of the pair
    weights = [tensor for tensor in found.model.graph.initializer if tensor.data_type == TensorProto.INT8]
    assert [6, 30] in [list(tensor.dims) for tensor in weights]
    data = {"x": np.random.default_rng(0).standard_normal((3, 6, 8)).astype(np.float32)}
    np.testing.assert_allclose(run(rounded(found.model), data)[0], run(graph, data)[0], rtol=0, atol=0.03)


def test_without_the_plugin_a_loop_gets_no_pair():
    graph = calibrated_gru()
    found = lower(graph, LoweringOptions(precision="int8", plugin=False))
    assert "DequantizeLinear" not in ops(found.model)
    assert found.expected == {"gru0": "fp16"}


@pytest.mark.parametrize(
    ("graph", "match"),
    [
        (network(kind=np.uint8), "not for TensorRT"),
        (network(zero=3), "not for TensorRT"),
        (network(opset=18), "opset is 18"),
        (as_exported(), "no Q/DQ"),
    ],
    ids=["unsigned", "zero point", "old", "FP32"],
)
def test_other_models_are_refused_for_int8(graph, match):
    with pytest.raises(InputError, match=match) as caught:
        lower(graph, INT8)
    advice = "crnn-deploy quantize MODEL.onnx --int8 --target tensorrt --data"
    assert advice in caught.value.fix


def test_integer_biases_are_refused():
    graph = network()
    graph.graph.initializer.append(numpy_helper.from_array(np.ones(8, np.int32), "integers"))
    graph.graph.node.insert(0, helper.make_node("DequantizeLinear", ["integers", "s1"], ["b1_dq"], "bias_dq", axis=0))
    next(node for node in graph.graph.node if node.name == "conv1").input[2] = "b1_dq"
    with pytest.raises(InputError, match="not for TensorRT"):
        lower(graph, INT8)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_quantized_models_are_refused_for_other_precisions(precision):
    with pytest.raises(InputError, match=f"can't become an {precision.upper()}"):
        lower(network(), LoweringOptions(precision=precision))


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_lowered_models_are_refused(precision):
    lowered = lower(as_exported(), LoweringOptions(precision=precision)).model
    with pytest.raises(InputError, match="lowered"):
        lower(lowered, LoweringOptions(precision="fp32"))


def test_reserved_names_are_refused():
    graph = as_exported()
    graph.graph.node[1].name = "engine::gru"
    with pytest.raises(InputError, match="engine::gru"):
        lower(graph, LoweringOptions(precision="fp32"))


def test_unknown_operators_are_refused():
    graph = model([helper.make_node("Strange", ["x"], ["y"], "odd", domain="other")], {"x": ["n"]}, {"y": ["n"]}, {})
    graph.opset_import.append(helper.make_opsetid("other", 1))
    with pytest.raises(InputError, match="cannot load"):
        lower(graph, LoweringOptions(precision="fp16"))
