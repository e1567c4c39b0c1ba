"""The definitions of `QLinearNhwcConv` and `QLinearNhwcConvAdd`."""

from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from crnn_deploy.onnx_graph.operators import DOMAIN, OWN_CONVOLUTIONS
from crnn_deploy.onnx_graph.qlinear_nhwc_conv import define_convolution_functions

FLOAT, INT8, INT32, UINT8 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.INT32, TensorProto.UINT8
KINDS = {
    "X": (UINT8, ["N", "H", "W", 3]),
    "W": (INT8, [5, 3, 3, 3]),
    "W_scale": (FLOAT, [5]),
    "B": (INT32, [5]),
    "X_scale": (FLOAT, []),
    "X_zero_point": (UINT8, []),
    "Y_scale": (FLOAT, []),
    "Y_zero_point": (UINT8, []),
    "Z": (UINT8, ["N", "H", "W", 5]),
    "Z_scale": (FLOAT, []),
    "Z_zero_point": (UINT8, []),
    "sum_scale": (FLOAT, []),
    "sum_zero_point": (UINT8, []),
}


def model_of(*ops: str, opset: int = 20, bias: bool = True) -> onnx.ModelProto:
    """A model with one node of each op, weights as inputs."""
    inputs = [name if bias or name != "B" else "" for name in KINDS]
    nodes = [
        helper.make_node(
            op, inputs[: OWN_CONVOLUTIONS[op]], [f"Y{i}"], domain=DOMAIN, strides=[1, 1], pads=[1, 1, 1, 1]
        )
        for i, op in enumerate(ops)
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, *kind) for name, kind in KINDS.items()],
        [helper.make_tensor_value_info(node.output[0], UINT8, ["N", "H", "W", 5]) for node in nodes],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


@pytest.mark.parametrize("opset", range(13, 21))
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("ops", [["QLinearNhwcConv"], ["QLinearNhwcConvAdd"], [*OWN_CONVOLUTIONS] * 2], ids=str)
def test_definitions_are_valid_and_one_for_each_op(opset, bias, ops):
    model = model_of(*ops, opset=opset, bias=bias)
    define_convolution_functions(model)
    assert sorted(function.name for function in model.functions) == sorted({*ops})
    assert all(function.opset_import[0].version == opset for function in model.functions)
    onnx.checker.check_model(model, full_check=True)


def test_defining_again_changes_nothing():
    model = model_of("QLinearNhwcConvAdd")
    define_convolution_functions(model)
    once = model.SerializeToString(deterministic=True)
    define_convolution_functions(model)
    assert model.SerializeToString(deterministic=True) == once


def test_a_model_without_them_stays_as_it_is():
    model = model_of()
    before = model.SerializeToString(deterministic=True)
    define_convolution_functions(model)
    assert model.SerializeToString(deterministic=True) == before
