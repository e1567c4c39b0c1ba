from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.quantization.stored_weights import quantize_rows, store_weights_as_int8

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
            helper.make_node("GRU", ["x", "w", "r", "b"], ["y1"], **attributes),
            helper.make_node("Transpose", ["y1"], ["t1"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", ["t1", "shape"], ["x2"]),
            helper.make_node("GRU", ["x2", "w", "r", "b"], ["y"], **attributes),
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
    assert store_weights_as_int8(model) == 2
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert [name for name, kind in types.items() if kind == TensorProto.INT8] == ["w_int8", "r_int8"]
    assert types["b"] == TensorProto.FLOAT
    (after,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    assert after == pytest.approx(before, abs=0.03)
    assert not np.array_equal(after, before)
