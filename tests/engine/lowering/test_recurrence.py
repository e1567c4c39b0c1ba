from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from engine.graphs import DIRECTIONS, as_exported, gru, gru_weights, model, ops, run
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import LoweringOptions
from crnn_deploy.quantization.rewrite.recurrent import quantize_recurrent


def lowered(graph, **options):
    before = graph.SerializeToString(deterministic=True)
    found = lower(graph, LoweringOptions(precision="fp32", **options))
    assert graph.SerializeToString(deterministic=True) == before
    return found


def feeds(steps=7, lines=3, channels=6, hidden=5, directions=2, seed=1):
    random = np.random.default_rng(seed)
    return {
        "x": random.standard_normal((steps, lines, channels)).astype(np.float32),
        "lengths": random.integers(1, steps + 1, lines).astype(np.int32),
        "h": random.standard_normal((directions, lines, hidden)).astype(np.float32),
    }


def assert_same(graph, found, given_feeds):
    for expected, result in zip(run(graph, given_feeds), run(found.model, given_feeds), strict=True):
        np.testing.assert_allclose(result, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("extra", [(), ("lengths",), ("", "h"), ("lengths", "h")], ids=str)
def test_gives_what_the_layer_gives(direction, bias, extra):
    graph = gru(direction, bias, extra)
    found = lowered(graph)
    assert [(layer.name, layer.home, layer.reason) for layer in found.recurrent] == [("layer", "plugin", "")]
    assert "GRU" not in ops(found.model)
    assert_same(graph, found, feeds(directions=DIRECTIONS[direction]))


@pytest.mark.parametrize("opset", range(15, 22))
def test_any_opset_that_knows_the_functions_operators(opset):
    graph = gru(opset=opset, extra=("lengths", "h"))
    found = lowered(graph)
    assert found.recurrent[0].home == "plugin"
    assert_same(graph, found, feeds())


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("outputs", [("Y", "Y_h"), ("", "Y_h")], ids=str)
@pytest.mark.parametrize("extra", [(), ("", "h")], ids=str)
def test_last_states(direction, outputs, extra):
    graph = gru(direction, outputs=outputs, extra=extra)
    found = lowered(graph)
    assert found.recurrent[0].home == "plugin"
    assert_same(graph, found, feeds(directions=DIRECTIONS[direction]))


@settings(max_examples=25, deadline=None)
@given(
    steps=st.integers(1, 9),
    lines=st.integers(1, 5),
    channels=st.integers(1, 9),
    hidden=st.integers(1, 9),
    direction=st.sampled_from(list(DIRECTIONS)),
    extra=st.sampled_from([(), ("lengths",), ("", "h"), ("lengths", "h")]),
)
def test_any_size(steps, lines, channels, hidden, direction, extra):
    graph = gru(direction, extra=extra, channels=channels, hidden=hidden)
    data = feeds(steps, lines, channels, hidden, DIRECTIONS[direction])
    assert_same(graph, lowered(graph), data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of the tracer; the test has other sizes than the trace
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_gives_what_pytorch_gives(tmp_path, bidirectional, layers):
    torch.manual_seed(0)
    module = torch.nn.GRU(6, 5, layers, batch_first=True, bidirectional=bidirectional).eval()
    data = torch.randn(3, 7, 6)
    torch.onnx.export(
        module,
        (data,),
        tmp_path / "gru.onnx",
        input_names=["x"],
        output_names=["y", "last"],
        dynamic_axes={"x": {0: "n", 1: "t"}, "y": {0: "n", 1: "t"}, "last": {1: "n"}},
        opset_version=20,
        dynamo=False,
    )
    found = lowered(onnx.load(tmp_path / "gru.onnx"))
    assert [layer.home for layer in found.recurrent] == ["plugin"] * layers
    longer = torch.randn(2, 11, 6)
    with torch.no_grad():
        expected = module(longer)
    for ours, theirs in zip(run(found.model, {"x": longer.numpy()}), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_exporters_transposes_are_gone(direction, layers):
    graph = as_exported(layers, direction)
    found = lowered(graph)
    assert ops(found.model).count("Transpose") == 1  # lines come as [N, C, T], the product wants [N, T, C]
    assert "Reshape" not in ops(found.model)
    assert ops(found.model).count("CrnnGru") == layers
    data = np.random.default_rng(0).standard_normal((3, 6, 8)).astype(np.float32)
    assert_same(graph, found, {"x": data})


def test_one_direction_is_squeezed():
    graph = gru("forward")
    graph.graph.output[0].name = "squeezed"
    graph.graph.output[0].CopyFrom(helper.make_tensor_value_info("squeezed", 1, ["t", "n", 5]))
    graph.graph.node.append(helper.make_node("Squeeze", ["Y", "one"], ["squeezed"], "squeeze"))
    graph.graph.initializer.append(helper.make_tensor("one", 7, [1], [1]))
    found = lowered(graph)
    assert ops(found.model) == ["Transpose", "MatMul", "Add", "CrnnGru", "Transpose"]
    assert_same(graph, found, feeds(directions=1))


def test_other_readers_of_the_states_find_them():
    graph = as_exported()
    graph.graph.output.append(helper.make_tensor_value_info("Y0", 1, ["t", 2, "n", 5]))
    found = lowered(graph)
    data = np.random.default_rng(0).standard_normal((3, 6, 8)).astype(np.float32)
    assert_same(graph, found, {"x": data})


def test_a_constant_initial_state():
    graph = gru(extra=("", "h"))
    del graph.graph.input[1]
    graph.graph.initializer.append(
        helper.make_tensor("h", 1, [2, 3, 5], np.random.default_rng(5).standard_normal(30).astype(np.float32))
    )
    found = lowered(graph)
    assert found.recurrent[0].home == "plugin"
    assert_same(graph, found, feeds())


def test_the_projection_is_one_product_for_both_directions():
    found = lowered(gru())
    (product,) = (node for node in found.model.graph.node if node.op_type == "MatMul")
    (weight,) = (tensor for tensor in found.model.graph.initializer if tensor.name == product.input[1])
    assert list(weight.dims) == [6, 2 * 3 * 5]


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (gru(linear_before_reset=0), "reset gate"),
        (gru("forward", activations=["Sigmoid", "Relu"]), "activations"),
        (gru(clip=3.0), "clips"),
        (gru(extra=("lengths",), outputs=("Y", "Y_h")), "lengths"),
        (gru("forward", hidden=1025, channels=1), "1025"),
        (gru("forward", opset=14), "opset is 14"),
    ],
    ids=["reset before", "activations", "clip", "last states with lengths", "too wide", "old"],
)
def test_what_the_plugin_cannot_run_stays_with_the_reason(graph, reason):
    found = lowered(graph)
    assert [(layer.home, layer.op) for layer in found.recurrent] == [("loop", "GRU")]
    assert reason in found.recurrent[0].reason
    assert ops(found.model) == ["GRU"]


def test_default_activations_may_be_spelt_out():
    assert lowered(gru("forward", activations=["Sigmoid", "Tanh"])).recurrent[0].home == "plugin"


def test_computed_weights_stay():
    graph = gru("forward")
    graph.graph.node[0].input[1] = "computed"
    graph.graph.node.insert(0, helper.make_node("Mul", ["W", "factor"], ["computed"], "product"))
    graph.graph.input.append(helper.make_tensor_value_info("factor", 1, [1]))
    found = lowered(graph)
    assert found.recurrent[0].reason == "its weights are computed"


def test_layers_with_other_optional_inputs_stay():
    weights = gru_weights(6, 5, 1)
    attributes = {"hidden_size": 5, "linear_before_reset": 1}
    nodes = [
        helper.make_node("GRU", ["x", "W", "R", "B", "", "h"], ["a"], "first", **attributes),
        helper.make_node("GRU", ["x", "W", "R", "B"], ["b"], "second", **attributes),
    ]
    shape = ["t", 1, "n", 5]
    graph = model(nodes, {"x": ["t", "n", 6], "h": [1, "n", 5]}, {"a": shape, "b": shape}, weights)
    found = lowered(graph)
    assert [layer.home for layer in found.recurrent] == ["plugin", "loop"]
    assert_same(graph, found, feeds(directions=1))


def test_lstm_stays():
    random = np.random.default_rng(0)
    weights = {"W": (1, 20, 6), "R": (1, 20, 5)}
    constants = {name: random.standard_normal(shape).astype(np.float32) for name, shape in weights.items()}
    node = helper.make_node("LSTM", ["x", "W", "R"], ["Y"], "layer", hidden_size=5)
    graph = model([node], {"x": ["t", "n", 6]}, {"Y": ["t", 1, "n", 5]}, constants)
    (layer,) = lowered(graph).recurrent
    assert (layer.op, layer.home, layer.reason) == ("LSTM", "loop", "the plugin runs GRU, not LSTM")


def test_without_the_plugin_all_stay():
    found = lowered(as_exported(2), plugin=False)
    assert [layer.home for layer in found.recurrent] == ["loop"] * 2
    assert ops(found.model).count("GRU") == 2
    assert not found.model.functions


def test_int8_weights_for_a_cpu_come_back_to_fp32():
    graph = as_exported()
    quantize_recurrent(graph, ["gru0"])
    found = lowered(graph)
    assert [layer.home for layer in found.recurrent] == ["plugin"]
    assert [function.name for function in found.model.functions] == ["CrnnGru"]
    assert {tensor.data_type for tensor in found.model.graph.initializer} == {1}
    data = np.random.default_rng(0).standard_normal((3, 6, 8)).astype(np.float32)
    assert_same(graph, found, {"x": data})


def test_a_layer_too_large_for_the_gpus_stays_a_loop():
    graph = gru()
    assert lowered(graph, largest_layer=5).recurrent[0].home == "plugin"
    (layer,) = lowered(graph, largest_layer=4).recurrent
    assert (layer.home, layer.reason) == ("loop", "it has 5 units, the plugin takes up to 4 on these GPUs")
