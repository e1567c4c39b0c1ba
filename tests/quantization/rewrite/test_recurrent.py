from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.operators import DOMAIN
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.quantization.rewrite.recurrent import is_quantizable, obstacle, quantize_recurrent
from crnn_deploy.runtime.onnxruntime import session_options

H = 8
GATES = {"GRU": 3, "LSTM": 4}
WEIGHTS = ("W", "R")


def node(cell="GRU", inputs=("X", "W", "R", "B"), **attributes):
    standard = {"linear_before_reset": 1} if cell == "GRU" else {}
    return helper.make_node(cell, list(inputs), ["Y"], "layer", hidden_size=H, **{**standard, **attributes})


PYTORCHS = {
    "GRU": node(),
    "LSTM": node("LSTM"),
    "no bias": node(inputs=("X", "W", "R")),
    "lengths and states": node("LSTM", ("X", "W", "R", "B", "lengths", "h", "c")),
    "peepholes left out": node("LSTM", ("X", "W", "R", "B", "", "", "", "")),
    "defaults spelt out": node("LSTM", layout=0, input_forget=0, direction="bidirectional"),
    "GRU with the default layout": node(layout=0),
    "default activations spelt out": node(
        "LSTM", activations=["Sigmoid", "Tanh", "Tanh"] * 2, direction="bidirectional"
    ),
}
OTHERS = {
    "reset before": node(linear_before_reset=0),
    "reset before, by default": helper.make_node("GRU", ["X", "W", "R"], ["Y"], hidden_size=H),
    "peepholes": node("LSTM", ("X", "W", "R", "", "", "", "", "P")),
    "activations": node(activations=["Sigmoid", "Relu"]),
    "clip": node(clip=5.0),
    "GRU by samples": node(layout=1),
    "LSTM by samples": node("LSTM", layout=1),
    "coupled gates": node("LSTM", input_forget=1),
    "computed W": node(inputs=("X", "computed", "R")),
    "computed R": node(inputs=("X", "W", "computed")),
    "RNN": helper.make_node("RNN", ["X", "W", "R"], ["Y"], hidden_size=H),
    "MatMul": helper.make_node("MatMul", ["X", "W"], ["Y"]),
    "no inputs": helper.make_node("Constant", [], ["Y"], value_float=1.0),
}


@pytest.mark.parametrize("layer", PYTORCHS.values(), ids=PYTORCHS)
def test_layers_as_pytorch_defines_them(layer):
    assert is_quantizable(layer, WEIGHTS)


@pytest.mark.parametrize("layer", OTHERS.values(), ids=OTHERS)
def test_other_layers(layer):
    assert not is_quantizable(layer, WEIGHTS)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ("reset before, by default", "linear_before_reset is 0"),
        ("clip", "clips at 5"),
        ("activations", "activations are Sigmoid, Relu"),
        ("peepholes", "peepholes"),
        ("coupled gates", "input_forget is 1"),
        ("computed R", "computed"),
        ("RNN", "no RNN in INT8"),
    ],
)
def test_the_reason_why_a_layer_stays_in_float_is_told(layer, reason):
    assert reason in obstacle(OTHERS[layer], WEIGHTS)


def stacked(cell="GRU", direction="bidirectional", opset=20, shared=False):
    """Two layers over each other, each as wide as its input, with lengths and all outputs of the second."""
    random = np.random.default_rng(0)
    directions = 2 if direction == "bidirectional" else 1
    rows, width = GATES[cell] * H, directions * H
    names = [("w1", "r1", "b1")] * 2 if shared else [("w1", "r1", "b1"), ("w2", "r2", "b2")]
    tensors = {}
    for w, r, b in names:
        shapes = {w: (directions, rows, width), r: (directions, rows, H), b: (directions, 2 * rows)}
        tensors |= {name: random.uniform(-0.5, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    attributes = {"hidden_size": H, "direction": direction} | ({"linear_before_reset": 1} if cell == "GRU" else {})
    nodes = [
        helper.make_node(cell, ["x", *names[0]], ["y1"], "first", **attributes),
        helper.make_node("Transpose", ["y1"], ["t1"], "transpose", perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["t1", "shape"], ["x2"], "reshape"),
        helper.make_node(cell, ["x2", *names[1], "lengths"], ["y", "last"], "second", **attributes),
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["t", "n", width]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["n"]),
        ],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["t", directions, "n", H]),
            helper.make_tensor_value_info("last", TensorProto.FLOAT, [directions, "n", H]),
        ],
        [
            *[numpy_helper.from_array(array, name) for name, array in tensors.items()],
            numpy_helper.from_array(np.array([0, 0, width]), "shape"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def feeds(model):
    random = np.random.default_rng(1)
    width = model.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    return {
        "x": random.standard_normal((7, 3, width)).astype(np.float32),
        "lengths": np.array([7, 2, 5], np.int32),
    }


def outputs(model, options=None):
    return ort.InferenceSession(model.SerializeToString(), options).run(None, feeds(model))


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("opset", range(13, 21))
def test_nearly_the_same_anywhere(cell, direction, opset):
    model = stacked(cell, direction, opset)
    before = outputs(model)
    quantize_recurrent(model, ["first", "second"])
    onnx.checker.check_model(model, full_check=True)
    assert [layer.op_type for layer in model.graph.node if layer.domain == DOMAIN] == ["Q" + cell] * 2
    for where in (ort.SessionOptions(), session_options(1)):  # in stock ONNX Runtime, and with our kernels if built
        for one, other in zip(before, outputs(model, where), strict=True):
            np.testing.assert_allclose(other, one, rtol=0, atol=0.03)
            assert not np.array_equal(other, one)


def kinds(model):
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def test_no_weight_is_left_in_fp32():
    model = stacked()
    quantize_recurrent(model, ["first", "second"])
    assert kinds(model) == {
        **{INT8_NAMES.name_for("recurrent", name): TensorProto.INT8 for name in ("w1", "r1", "w2", "r2")},
        **{INT8_NAMES.name_for("recurrent_scale", name): TensorProto.FLOAT for name in ("w1", "r1", "w2", "r2")},
        **dict.fromkeys(("b1", "b2"), TensorProto.FLOAT),
        "shape": TensorProto.INT64,
    }


def test_shared_weights_are_stored_once():
    model = stacked(shared=True)
    before = outputs(model)
    quantize_recurrent(model, ["first", "second"])
    assert kinds(model) == {
        **{INT8_NAMES.name_for("recurrent", name): TensorProto.INT8 for name in ("w1", "r1")},
        **{INT8_NAMES.name_for("recurrent_scale", name): TensorProto.FLOAT for name in ("w1", "r1")},
        "b1": TensorProto.FLOAT,
        "shape": TensorProto.INT64,
    }
    np.testing.assert_allclose(outputs(model)[0], before[0], rtol=0, atol=0.03)


@pytest.mark.parametrize("shared", [True, False])
def test_layers_that_are_not_named_stay(shared):
    model = stacked(shared=shared)
    before = outputs(model)
    quantize_recurrent(model, ["second", "transpose", "no such layer"])
    assert [layer.op_type for layer in model.graph.node] == ["GRU", "Transpose", "Reshape", "QGRU"]
    assert {"w1", "r1"} <= {tensor.name for tensor in model.graph.initializer}
    onnx.checker.check_model(model, full_check=True)
    np.testing.assert_allclose(outputs(model)[0], before[0], rtol=0, atol=0.03)


@pytest.mark.parametrize("shared", [True, False])
def test_layers_can_follow_one_by_one(shared):
    together, apart = stacked(shared=shared), stacked(shared=shared)
    quantize_recurrent(together, ["first", "second"])
    quantize_recurrent(apart, ["first"])
    quantize_recurrent(apart, ["second"])
    assert len(apart.functions) == 1
    assert len(kinds(apart)) == len(apart.graph.initializer) == len(together.graph.initializer)
    assert all(np.array_equal(a, b) for a, b in zip(outputs(together), outputs(apart), strict=True))


@pytest.mark.parametrize("layers", [[], ["transpose"]])
def test_nothing_named_nothing_changed(layers):
    model = stacked()
    before = model.SerializeToString(deterministic=True)
    quantize_recurrent(model, layers)
    assert model.SerializeToString(deterministic=True) == before


def test_weights_that_are_results_too_stay():
    model = stacked()
    model.graph.output.append(helper.make_tensor_value_info("w1", TensorProto.FLOAT, None))
    before = outputs(model)
    quantize_recurrent(model, ["first", "second"])
    np.testing.assert_array_equal(outputs(model)[2], before[2])


def test_names_like_ours_are_left_alone():
    model = stacked()
    for name in ("w1_q", "w1_s"):
        model.graph.initializer.append(numpy_helper.from_array(np.float32(1), name))
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, []))
    before = outputs(model)
    quantize_recurrent(model, ["first", "second"])
    np.testing.assert_allclose(outputs(model)[0], before[0], rtol=0, atol=0.03)
