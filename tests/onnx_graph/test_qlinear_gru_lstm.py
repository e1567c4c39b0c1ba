"""The definitions of `QLinearGRU` and `QLinearLSTM`."""

from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from crnn_deploy.onnx_graph.operators import DOMAIN
from crnn_deploy.onnx_graph.qlinear_gru_lstm import define_linear_functions

FLOAT, INT8, UINT8 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8
KINDS = {
    "X": (UINT8, ["N", 1, "T", 3]),
    "W": (INT8, [2, "rows", 3]),
    "W_scale": (FLOAT, [2, "rows", 1]),
    "R": (INT8, [2, "rows", 4]),
    "R_scale": (FLOAT, [2, "rows", 1]),
    "B": (FLOAT, [2, "biases"]),
    "X_scale": (FLOAT, []),
    "X_zero_point": (UINT8, []),
    "Y_scale": (FLOAT, []),
    "Y_zero_point": (UINT8, []),
}


def model_of(*ops: str, opset: int = 20) -> onnx.ModelProto:
    """A model with one node of each op, weights as inputs."""
    nodes = [
        helper.make_node(
            op, list(KINDS), [f"Y{i}", f"scale{i}"], domain=DOMAIN, hidden_size=4, direction="bidirectional"
        )
        for i, op in enumerate(ops)
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, *kind) for name, kind in KINDS.items()],
        [helper.make_tensor_value_info(node.output[0], UINT8, ["N", "T", "DH"]) for node in nodes],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


@pytest.mark.parametrize("opset", range(13, 21))
@pytest.mark.parametrize(
    ("ops", "inner"),
    [(["QLinearGRU"], ["QGRU"]), (["QLinearLSTM"] * 2, ["QLSTM"]), (["QLinearLSTM", "QLinearGRU"], ["QGRU", "QLSTM"])],
    ids=str,
)
def test_definitions_are_valid_and_one_for_each_op(opset, ops, inner):
    model = model_of(*ops, opset=opset)
    define_linear_functions(model)
    assert sorted(function.name for function in model.functions) == sorted({*ops, *inner})
    assert all(function.opset_import[0].version == opset for function in model.functions)
    onnx.checker.check_model(model, full_check=True)


def test_defining_again_changes_nothing():
    model = model_of("QLinearGRU")
    define_linear_functions(model)
    once = model.SerializeToString(deterministic=True)
    define_linear_functions(model)
    assert model.SerializeToString(deterministic=True) == once


def test_a_model_without_them_stays_as_it_is():
    model = model_of()
    before = model.SerializeToString(deterministic=True)
    define_linear_functions(model)
    assert model.SerializeToString(deterministic=True) == before
