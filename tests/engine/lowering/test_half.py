from __future__ import annotations

import numpy as np
import onnx
import pytest
from engine.graphs import as_exported, gru, model, ops, run
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import LoweringOptions
from crnn_deploy.engine.lowering.schemas import element_types
from crnn_deploy.engine.proof.rounding import rounded
from crnn_deploy.errors import InputError

HALF, FLOAT = TensorProto.FLOAT16, TensorProto.FLOAT


def fp16(graph, *keep):
    return lower(graph, LoweringOptions(precision="fp16", keep_fp32=keep))


def chain(scale=2.0, shift=0.5):
    """`x` [N, 4] → product → scaled → shifted → `y`."""
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], "product"),
        helper.make_node("Mul", ["a", "scale"], ["b"], "scaled"),
        helper.make_node("Relu", ["b"], ["c"], "relu"),
        helper.make_node("Sub", ["c", "shift"], ["y"], "shifted"),
    ]
    constants = {
        "w": random.standard_normal((4, 4)).astype(np.float32),
        "scale": np.float32(scale),
        "shift": np.full(4, shift, np.float32),
    }
    return model(nodes, {"x": ["n", 4]}, {"y": ["n", 4]}, constants)


def types_at(found, name):
    """Of the first input and the first output of a node."""
    types = element_types(found.model)
    node = next(node for node in found.model.graph.node if node.name == name)
    return types[node.input[0]], types[node.output[0]]


def test_all_between_input_and_result_is_fp16():
    found = fp16(chain())
    assert [types_at(found, name) for name in ("product", "scaled", "relu", "shifted")] == [(HALF, HALF)] * 4
    assert {tensor.data_type for tensor in found.model.graph.initializer} == {HALF}
    assert ops(found.model) == ["Cast", "MatMul", "Mul", "Relu", "Sub", "Cast"]
    assert found.expected == {"product": "fp16"}
    assert found.kept_fp32 == {}


def test_inputs_and_results_keep_names_types_and_opset():
    graph = chain()
    found = fp16(graph).model
    assert found.graph.input == graph.graph.input
    assert found.graph.output == graph.graph.output
    assert [entry.version for entry in found.opset_import] == [20]


def test_typed_graph_computes_nearly_the_same():
    graph = chain()
    data = {"x": np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)}
    np.testing.assert_allclose(run(rounded(fp16(graph).model), data)[0], run(graph, data)[0], rtol=0, atol=0.01)
    assert not np.array_equal(run(rounded(fp16(graph).model), data)[0], run(graph, data)[0])


def test_casts_stand_only_where_precision_changes():
    found = fp16(chain(), "scaled", "relu")
    assert types_at(found, "product") == (HALF, HALF)
    assert types_at(found, "scaled") == (FLOAT, FLOAT)
    assert types_at(found, "relu") == (FLOAT, FLOAT)
    assert types_at(found, "shifted") == (HALF, HALF)
    assert ops(found.model) == ["Cast", "MatMul", "Cast", "Mul", "Relu", "Cast", "Sub", "Cast"]
    assert found.kept_fp32 == dict.fromkeys(("scaled", "relu"), "it was to stay in FP32")


def test_a_layer_kept_in_fp32_is_expected_so():
    assert fp16(chain(), "product").expected == {"product": "fp32"}


def test_a_kept_recurrence_takes_its_projection_along():
    found = fp16(as_exported(2), "gru0")
    types = {layer: types_at(found, layer) for layer in ("gru0", "engine::projection::gru0", "gru1")}
    assert types == {"gru0": (FLOAT,) * 2, "engine::projection::gru0": (FLOAT,) * 2, "gru1": (HALF,) * 2}


def test_unknown_names_to_keep_are_refused():
    with pytest.raises(InputError, match="no node named scale") as caught:
        fp16(chain(), "scale")
    assert "scaled" in str(caught.value)


@pytest.mark.parametrize(
    ("scale", "reason"), [(1e5, "beyond FP16's largest"), (-7e4, "7e+04 is beyond"), (1e-12, "too small for FP16")]
)
def test_what_reads_a_constant_that_fp16_cannot_hold_stays(scale, reason):
    found = fp16(chain(scale))
    assert types_at(found, "scaled") == (FLOAT, FLOAT)
    assert types_at(found, "relu") == (HALF, HALF)
    assert list(found.kept_fp32) == ["scaled"]
    assert reason in found.kept_fp32["scaled"]
    assert "(scale)" in found.kept_fp32["scaled"]


@pytest.mark.parametrize("scale", [6e4, -6e4, 1e-4, 1e-5, 0.0, -np.inf])
def test_what_fp16_holds_is_fp16(scale):
    assert fp16(chain(scale)).kept_fp32 == {}


def test_small_weights_among_larger_ones_are_no_reason():
    graph = chain()
    weights = numpy_helper.to_array(graph.graph.initializer[0]).copy()
    weights[0] = 1e-12
    graph.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "w"))
    assert fp16(graph).kept_fp32 == {}


def test_shape_computations_are_untouched():
    """Half the width, computed in FP32: in FP16 no width beyond 2,048 would be exact."""
    nodes = [
        helper.make_node("Shape", ["x"], ["n"], "shape", end=1),
        helper.make_node("Cast", ["n"], ["n_float"], "as_float", to=FLOAT),
        helper.make_node("Mul", ["n_float", "half"], ["halved"], "halving"),
        helper.make_node("Cast", ["halved"], ["middle"], "as_integer", to=TensorProto.INT64),
        helper.make_node("Slice", ["x", "zero", "middle"], ["sliced"], "slice"),
        helper.make_node("Mul", ["sliced", "halved"], ["y"], "scaled"),
    ]
    constants = {"half": np.array([0.5], np.float32), "zero": np.array([0])}
    graph = model(nodes, {"x": ["n", 2]}, {"y": ["m", 2]}, constants)
    found = fp16(graph)
    assert types_at(found, "as_float") == (TensorProto.INT64, FLOAT)
    assert types_at(found, "halving") == (FLOAT, FLOAT)
    assert types_at(found, "as_integer") == (FLOAT, TensorProto.INT64)
    assert types_at(found, "slice") == (HALF, HALF)
    assert types_at(found, "scaled") == (HALF, HALF)
    assert found.kept_fp32 == {}
    data = np.random.default_rng(0).random((6, 2), np.float32)
    np.testing.assert_allclose(run(rounded(found.model), {"x": data})[0], run(graph, {"x": data})[0], rtol=1e-2)


def test_branches_stay_in_fp32_and_find_what_they_read():
    def branch(op):
        result = helper.make_tensor_value_info(op, FLOAT, None)
        return helper.make_graph([helper.make_node(op, ["a", "w"], [op], op)], op, [], [result])

    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], "product"),
        helper.make_node("ReduceMax", ["a"], ["top"], "top", keepdims=0),
        helper.make_node("Greater", ["top", "limit"], ["high"], "compare"),
        helper.make_node("If", ["high"], ["b"], "choose", then_branch=branch("Add"), else_branch=branch("Sub")),
        helper.make_node("Relu", ["b"], ["y"], "relu"),
    ]
    constants = {"w": np.eye(4, dtype=np.float32) * 2, "limit": np.float32(1)}
    graph = model(nodes, {"x": [4, 4]}, {"y": [4, 4]}, constants)
    found = fp16(graph)
    assert found.kept_fp32 == {"choose": "it has branches or a body"}
    assert types_at(found, "relu") == (HALF, HALF)
    for sign in (1, -1):
        data = {"x": sign * np.arange(16, dtype=np.float32).reshape(4, 4)}
        np.testing.assert_allclose(run(rounded(found.model), data)[0], run(graph, data)[0])


def test_operators_without_fp16_get_fp32():
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["a"], "double"),
        helper.make_node("Resize", ["a", "", "scales"], ["y"], "resize", mode="linear"),
    ]
    constants = {"two": np.float32(2), "scales": np.array([1, 2], np.float32)}
    graph = model(nodes, {"x": ["n", 4]}, {"y": ["n", 8]}, constants)
    found = fp16(graph)
    assert types_at(found, "resize") == (HALF, HALF)
    kinds = {tensor.name: tensor.data_type for tensor in found.model.graph.initializer}
    assert kinds["scales"] == FLOAT  # ONNX wants them so
    assert {kind for name, kind in kinds.items() if name != "scales"} == {HALF}


def test_casts_of_integers_on_the_way_give_fp16():
    nodes = [
        helper.make_node("Cast", ["lengths"], ["a"], "widen", to=FLOAT),
        helper.make_node("Mul", ["a", "two"], ["y"], "double"),
    ]
    found = fp16(model(nodes, {"lengths": ["n"]}, {"y": ["n"]}, {"two": np.float32(2)}))
    assert types_at(found, "widen") == (TensorProto.INT32, HALF)
    assert ops(found.model) == ["Cast", "Mul", "Cast"]


def test_a_constant_read_in_both_precisions_is_there_in_both():
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["a"], "one"),
        helper.make_node("Mul", ["a", "two"], ["y"], "other"),
    ]
    found = fp16(model(nodes, {"x": ["n"]}, {"y": ["n"]}, {"two": np.float32(2)}), "other")
    assert sorted(tensor.data_type for tensor in found.model.graph.initializer) == [FLOAT, HALF]


def test_lengths_stay_integers_and_states_become_fp16():
    found = fp16(gru(extra=("lengths", "h")))
    node = next(node for node in found.model.graph.node if node.op_type == "CrnnGru")
    types = element_types(found.model)
    assert [types[name] for name in node.input] == [HALF, HALF, HALF, TensorProto.INT32, HALF]
    assert types[node.output[0]] == HALF


def test_an_input_that_is_a_result_too_stays():
    graph = chain()
    graph.graph.output.append(helper.make_tensor_value_info("b", FLOAT, ["n", 4]))
    found = fp16(graph)
    onnx.checker.check_model(found.model, full_check=True)
    data = {"x": np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)}
    for ours, theirs in zip(run(rounded(found.model), data), run(graph, data), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.01)
