from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.int8_rows import quantize_rows
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.quantization.rewrite.stored_weights import store_weights_as_int8

weights = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 2), st.integers(1, 6), st.integers(1, 8)), elements=st.floats(-8, 8, width=16)
)


@given(weights, st.integers(1, 2))
def test_no_weight_moves_by_more_than_half_its_rows_scale(values, row_axes):
    rows, scale = quantize_rows(values, row_axes)
    assert scale.shape == (*values.shape[:row_axes], *(1,) * (3 - row_axes))
    assert np.abs(rows * scale - values).max() <= scale.max() / 2 * 1.0001
    assert (np.abs(rows * scale - values) <= scale / 2 * 1.0001).all()
    assert rows.min() >= -127


def test_a_row_of_zeros_stays_zeros():
    rows, scale = quantize_rows(np.zeros((1, 2, 3), np.float32), 2)
    assert not rows.any()
    assert np.isfinite(scale).all()


def shared_gru():
    """Two GRUs over each other that share their weights."""
    random = np.random.default_rng(0)
    tensors = {"w": (2, 12, 8), "r": (2, 12, 4), "b": (2, 24)}
    attributes = {"hidden_size": 4, "direction": "bidirectional", "linear_before_reset": 1}
    graph = helper.make_graph(
        [
            helper.make_node("GRU", ["x", "w", "r", "b"], ["y1"], "first", **attributes),
            helper.make_node("Transpose", ["y1"], ["t1"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", ["t1", "shape"], ["x2"]),
            helper.make_node("GRU", ["x2", "w", "r", "b"], ["y"], "second", **attributes),
        ],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["t", "n", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["t", 2, "n", 4])],
        [
            *[numpy_helper.from_array(random.standard_normal(s).astype(np.float32), n) for n, s in tensors.items()],
            numpy_helper.from_array(np.array([0, 0, 8]), "shape"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def test_shared_weights_are_stored_once_and_compute_nearly_the_same():
    model = shared_gru()
    x = np.random.default_rng(1).standard_normal((7, 3, 8), np.float32)
    (before,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    store_weights_as_int8(model, ["first", "second"])
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert [name for name, kind in types.items() if kind == TensorProto.INT8] == [
        INT8_NAMES.name_for("stored", "w"),
        INT8_NAMES.name_for("stored", "r"),
    ]
    assert types["b"] == TensorProto.FLOAT
    (after,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    assert after == pytest.approx(before, abs=0.03)
    assert not np.array_equal(after, before)


@pytest.mark.parametrize("layers", [["first"], []])
def test_weights_that_another_node_reads_stay(layers):
    model = shared_gru()
    before = model.SerializeToString(deterministic=True)
    store_weights_as_int8(model, layers)
    assert model.SerializeToString(deterministic=True) == before


def product(node, weight, shape):
    graph = helper.make_graph(
        [node],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


PRODUCTS = {
    "MatMul": (helper.make_node("MatMul", ["x", "w"], ["y"], "layer"), (40, 7), 1),
    "Gemm": (helper.make_node("Gemm", ["x", "w"], ["y"], "layer"), (40, 7), 1),
    "transposed Gemm": (helper.make_node("Gemm", ["x", "w"], ["y"], "layer", transB=1), (7, 40), 0),
    "Conv": (helper.make_node("Conv", ["x", "w"], ["y"], "layer"), (7, 40, 1), 0),
}


@pytest.mark.parametrize(("node", "shape", "axis"), PRODUCTS.values(), ids=PRODUCTS)
def test_products_have_a_scale_for_each_output_and_cost_nothing_to_bring_back(tmp_path, node, shape, axis):
    random = np.random.default_rng(0)
    magnitudes = np.logspace(-3, 3, 7).reshape([7 if index == axis else 1 for index in range(len(shape))])
    weight = (random.standard_normal(shape) * magnitudes).astype(np.float32)
    x = random.standard_normal((1, 40, 5) if node.op_type == "Conv" else (5, 40)).astype(np.float32)
    model = product(node, weight, x.shape)
    (before,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    store_weights_as_int8(model, ["layer"])
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert stored[INT8_NAMES.name_for("stored", "w")].dtype == np.int8
    assert stored[INT8_NAMES.name_for("stored_scale", "w")].size == 7
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    (after,) = ort.InferenceSession(model.SerializeToString(), options).run(None, {"x": x})
    outputs = 1 if node.op_type == "Conv" else -1
    error, size = (np.abs(np.moveaxis(a, outputs, 0)).reshape(7, -1).max(axis=1) for a in (after - before, before))
    assert (error < 0.05 * size).all()  # one scale for all would lose the small ones
    optimised = onnx.load(tmp_path / "optimised.onnx")
    assert {"Cast", "Mul"}.isdisjoint(node.op_type for node in optimised.graph.node)


def test_weights_that_would_grow_stay():
    model = product(
        helper.make_node("Conv", ["x", "w"], ["y"], "layer", group=6), np.ones((6, 1, 1), np.float32), [1, 6, 5]
    )
    before = model.SerializeToString(deterministic=True)
    store_weights_as_int8(model, ["layer"])
    assert model.SerializeToString(deterministic=True) == before
