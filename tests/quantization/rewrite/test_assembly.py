"""What the assembled graphs hold, run as, and compute."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from quantization.comparisons import int8_convolutions

from crnn_deploy.onnx_graph.operators import OWN_CONVOLUTIONS
from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS
from crnn_deploy.quantization.calibration.observation import observe, ranges
from crnn_deploy.quantization.rewrite.assembly import assemble
from crnn_deploy.quantization.rewrite.plan import find_layers, tensors_to_calibrate
from crnn_deploy.quantization.rewrite.preparation import prepare
from crnn_deploy.quantization.rewrite.qdq import insert_qdq
from crnn_deploy.quantization.rewrite.realised import realised_precision
from crnn_deploy.quantization.rewrite.scheme import SCHEMES

IMAGE = np.random.default_rng(7).standard_normal((1, 3, 12, 40)).astype(np.float32)


def network(opset: int = 20) -> onnx.ModelProto:
    """conv → ReLU → [conv → ReLU → conv] + itself → ReLU → pool → depthwise → ReLU → conv → mean → GRU → linear."""
    random = np.random.default_rng(0)
    shapes = {
        "w1": (8, 3, 3, 3),
        "w2": (8, 8, 3, 3),
        "w3": (8, 8, 1, 1),
        "w4": (8, 1, 3, 3),
        "w5": (8, 8, 1, 1),
        "W": (1, 18, 8),
        "R": (1, 18, 6),
        "m": (6, 5),
        **{f"b{i}": (8,) for i in range(1, 6)},
    }
    tensors = {name: random.standard_normal(shape).astype(np.float32) * 0.3 for name, shape in shapes.items()}
    same = {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1]}
    nodes = [
        helper.make_node("Conv", ["images", "w1", "b1"], ["c1"], "conv1", **same),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], "conv2", **same),
        helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
        helper.make_node("Conv", ["r2", "w3", "b3"], ["c3"], "conv3"),
        helper.make_node("Add", ["r1", "c3"], ["a"], "residual"),
        helper.make_node("Relu", ["a"], ["r3"], "relu3"),
        helper.make_node("MaxPool", ["r3"], ["p"], "pool", kernel_shape=[2, 1], strides=[2, 1]),
        helper.make_node("Conv", ["p", "w4", "b4"], ["c4"], "depthwise", group=8, **same),
        helper.make_node("Relu", ["c4"], ["r4"], "relu4"),
        helper.make_node("Conv", ["r4", "w5", "b5"], ["c5"], "conv5"),
        helper.make_node("Transpose", ["c5"], ["t1"], perm=[3, 0, 1, 2]),
        helper.make_node("Reshape", ["t1", "columns"], ["t2"]),
        helper.make_node("GRU", ["t2", "W", "R"], ["y"], "gru", hidden_size=6, linear_before_reset=1),
        helper.make_node("Squeeze", ["y", "one"], ["s"]),
        helper.make_node("MatMul", ["s", "m"], ["logits"], "linear"),
    ]
    initializers = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    initializers[5] = numpy_helper.from_array(np.tile(tensors["W"], (1, 1, 6)), "W")
    initializers += [
        numpy_helper.from_array(np.array([0, 1, 48]), "columns"),
        numpy_helper.from_array(np.array([1]), "one"),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 12, "width"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["time", "batch", 5])],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def assembled(plan: set[str] | None = None, target: str = "cpu") -> onnx.ModelProto:
    model = prepare(network())
    layers = find_layers(model.graph, target)
    histograms = observe(model, tensors_to_calibrate(model.graph, layers), [IMAGE])
    covered = ranges(histograms, CALIBRATORS["minmax"], target == "tensorrt")
    names = frozenset(layer.name for layer in layers)
    made = assemble(model, names if plan is None else names & plan, covered, target)
    onnx.checker.check_model(made, full_check=True)
    return made


def run(model: onnx.ModelProto) -> np.ndarray:
    return ort.InferenceSession(model.SerializeToString()).run(None, {"images": IMAGE})[0]


def noise(found: np.ndarray) -> float:
    expected = run(network())
    return float(np.square(found - expected).mean() / np.square(expected - expected.mean()).mean())


def values(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


@pytest.mark.parametrize("target", ["cpu", "tensorrt"])
def test_all_layers_in_int8_compute_nearly_the_same(target):
    assert 0 < noise(run(assembled(target=target))) < 0.01


def test_onnx_runtime_runs_it_in_int8_throughout():
    realised = realised_precision(assembled())
    assert int8_convolutions(realised) == 5
    assert realised.int8["MatMulIntegerToFloat"] == 1
    assert "Conv" not in realised.fp32
    assert realised.conversions == 3  # the image, what the convolutions give, what the linear layer takes


def test_activations_are_uint8_and_weights_symmetric_per_channel():
    model = assembled()
    constants = values(model)
    quantizers = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert all(constants[node.input[2]].dtype == np.uint8 for node in quantizers)
    producers = {node.output[0]: node for node in model.graph.node}
    for node in model.graph.node:
        if node.op_type == "Conv":  # with groups
            stored, scale = (constants[name] for name in producers[node.input[1]].input)
            bias = constants[producers[node.input[2]].input[0]]
        elif node.op_type in OWN_CONVOLUTIONS:
            stored, scale, bias = (constants[name] for name in node.input[1:4])
        else:
            continue
        assert stored.dtype == np.int8
        assert scale.shape == (8,)
        assert bias.dtype == np.int32


def test_logits_are_not_rounded():
    model = assembled()
    assert {node.op_type for node in model.graph.node if "logits" in node.output} == {"MatMul"}


@pytest.mark.parametrize("kept", ["conv1", "conv2", "conv3", "depthwise", "conv5"])
def test_a_layer_out_of_the_plan_really_runs_in_fp32(kept):
    """ONNX Runtime would quantize it by itself between INT8 neighbours."""
    model = assembled({"conv1", "conv2", "conv3", "depthwise", "conv5", "linear"} - {kept})
    realised = realised_precision(model)
    assert int8_convolutions(realised) == 4
    assert sum(count for op, count in realised.fp32.items() if "Conv" in op) == 1
    assert noise(run(model)) < 0.01


def test_no_plan_is_the_parent_with_stored_weights():
    model = assembled(set())
    realised = realised_precision(model)
    assert not realised.int8
    assert realised.conversions == 0
    assert noise(run(model)) < 0.001


def test_weights_out_of_the_plan_are_stored_in_int8_for_cpus_only():
    def stored(target):
        return sum(array.nbytes for array in values(assembled(set(), target)).values())

    assert stored("cpu") < 0.45 * stored("tensorrt")


def test_tensorrt_gets_symmetric_int8_without_integer_biases():
    model = assembled(target="tensorrt")
    constants = values(model)
    pairs = [node for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert pairs
    for node in pairs:
        assert node.domain == ""
        if len(node.input) > 2:
            assert constants[node.input[2]].dtype == np.int8
            assert not constants[node.input[2]].any()
        assert (constants[node.input[1]] > 0).all()
    assert not any(array.dtype == np.int32 for array in constants.values())
    assert {node.op_type for node in model.graph.node} >= {"GRU", "Relu", "MaxPool"}
    assert not model.functions
    assert {"conv1", "conv5", "linear"} <= {node.name for node in model.graph.node}  # names of the engine's layers


def test_tensorrt_finds_quantized_only_the_other_side_of_a_residual():
    model = assembled(target="tensorrt")
    producers = {output: node.op_type for node in model.graph.node for output in node.output}
    (addition,) = (node for node in model.graph.node if node.op_type == "Add")
    assert sorted(producers[name] for name in addition.input) == ["Conv", "DequantizeLinear"]


def test_channels_without_weights_keep_their_bias():
    dead = network()
    weights = {tensor.name: tensor for tensor in dead.graph.initializer}
    changed = numpy_helper.to_array(weights["w5"]).copy()
    changed[:4] = 0
    weights["w5"].CopyFrom(numpy_helper.from_array(changed, "w5"))
    model = prepare(dead)
    layers = find_layers(model.graph, "cpu")
    covered = ranges(observe(model, tensors_to_calibrate(model.graph, layers), [IMAGE]), CALIBRATORS["minmax"], False)
    made = assemble(model, frozenset({"conv5"}), covered, "cpu")
    expected, found = run(dead), run(made)
    assert np.abs(found - expected).max() < 0.05 * np.abs(expected).max()


def test_small_and_the_same_every_time():
    model = assembled()
    assert model.SerializeToString(deterministic=True) == assembled().SerializeToString(deterministic=True)
    names = [name for node in model.graph.node for name in (*node.input, *node.output)]
    assert max(len(name) for name in names if name not in ("images", "logits")) <= 2
    constants = [tensor.raw_data for tensor in model.graph.initializer]
    assert len(
        {(bytes(data), t.data_type, tuple(t.dims)) for data, t in zip(constants, model.graph.initializer, strict=True)}
    ) == len(constants)


def test_exact_layers_keep_their_weights():
    model = prepare(network())
    layers = find_layers(model.graph, "cpu")
    covered = ranges(observe(model, tensors_to_calibrate(model.graph, layers), [IMAGE]), CALIBRATORS["minmax"], False)
    plan = frozenset({"conv1"})
    everything_else = frozenset(layer.name for layer in layers) - plan
    expected = run(insert_qdq(model, plan, covered, SCHEMES["cpu"]))
    stored = run(assemble(model, plan, covered, "cpu"))
    exact = assemble(model, plan, covered, "cpu", everything_else)
    gru = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}["R"]
    kept = [numpy_helper.to_array(tensor) for tensor in exact.graph.initializer]
    assert any(array.shape == gru.shape and np.array_equal(array, gru) for array in kept)
    assert run(exact) == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert stored != pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_all_weights_out_of_the_plan_are_stored_in_int8():
    kept = [array for array in values(assembled(set())).values() if array.dtype == np.float32 and array.size > 18]
    assert kept == []


def test_layers_that_no_plan_can_name_keep_their_weights():
    other = network()
    gru = next(node for node in other.graph.node if node.op_type == "GRU")
    gru.attribute.append(helper.make_attribute("clip", 100.0))
    model = prepare(other)
    recurrent = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}["R"]
    kept = values(assemble(model, frozenset(), {}, "cpu")).values()
    assert any(np.array_equal(array, recurrent) for array in kept)


def test_a_bias_may_be_named_like_the_bound_of_a_maximum():
    clashing = network()
    next(tensor for tensor in clashing.graph.initializer if tensor.name == "b2").name = "least_0.0"
    clashing.graph.node[2].input[2] = "least_0.0"
    model = prepare(clashing)
    layers = find_layers(model.graph, "cpu")
    covered = ranges(observe(model, tensors_to_calibrate(model.graph, layers), [IMAGE]), CALIBRATORS["minmax"], False)
    made = assemble(model, frozenset(layer.name for layer in layers) - {"conv2"}, covered, "cpu")
    onnx.checker.check_model(made, full_check=True)
    assert noise(run(made)) < 0.01
