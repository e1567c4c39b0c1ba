from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from crnn_deploy.onnx_graph.operators import DOMAIN, QUANTIZED_RECURRENT
from crnn_deploy.onnx_graph.qgru_qlstm import OUTPUTS, define_functions


def model_of(*standard: str, opset: int = 20) -> onnx.ModelProto:
    """A model with one of our ops for each standard one named, weights as inputs."""
    kinds = {
        "X": TensorProto.FLOAT,
        "W": TensorProto.INT8,
        "W_scale": TensorProto.FLOAT,
        "R": TensorProto.INT8,
        "R_scale": TensorProto.FLOAT,
    }
    nodes = [
        helper.make_node(
            QUANTIZED_RECURRENT[name],
            list(kinds),
            [f"{output}{number}" for output in OUTPUTS[name]],
            domain=DOMAIN,
            hidden_size=4,
            direction="forward",
        )
        for number, name in enumerate(standard)
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, kind, ["a", "b", "c"]) for name, kind in kinds.items()],
        [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, list("tdnh")) for node in nodes],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


@pytest.mark.parametrize("opset", range(13, 21))
@pytest.mark.parametrize("standard", [("GRU",), ("LSTM",), ("GRU", "LSTM", "GRU")], ids=str)
def test_definitions_are_valid_and_one_for_each_op(standard, opset):
    model = model_of(*standard, opset=opset)
    define_functions(model)
    assert sorted(function.name for function in model.functions) == sorted(
        {QUANTIZED_RECURRENT[name] for name in standard}
    )
    assert all(function.opset_import[0].version == opset for function in model.functions)
    onnx.checker.check_model(model, full_check=True)


def test_defining_again_changes_nothing():
    model = model_of("GRU")
    define_functions(model)
    once = model.SerializeToString(deterministic=True)
    define_functions(model)
    assert model.SerializeToString(deterministic=True) == once


def test_definitions_that_are_missing_are_added():
    model = model_of("GRU")
    define_functions(model)
    model.graph.node.extend(model_of("LSTM").graph.node)
    define_functions(model)
    assert [function.name for function in model.functions] == ["QGRU", "QLSTM"]
    assert [entry.domain for entry in model.opset_import] == ["", DOMAIN]


def test_the_reset_gate_comes_after_the_product():
    model = model_of("GRU")
    define_functions(model)
    layer = model.functions[0].node[-1]
    assert layer.op_type == "GRU"
    assert {a.name: a.i for a in layer.attribute if not a.ref_attr_name} == {"linear_before_reset": 1}
    assert {a.ref_attr_name for a in layer.attribute if a.ref_attr_name} == {"hidden_size", "direction"}


def test_a_model_without_our_ops_stays_as_it_is():
    graph = helper.make_graph([], "empty", [], [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=7)
    define_functions(model)
    assert not model.functions
    assert model.ir_version == 7
    assert [entry.domain for entry in model.opset_import] == [""]


def test_the_other_name_of_the_standard_domain_will_do():
    model = model_of("GRU")
    model.opset_import[0].domain = "ai.onnx"
    define_functions(model)
    assert model.functions[0].opset_import[0].version == 20


def test_the_file_is_of_a_version_that_knows_functions():
    model = model_of("GRU")
    model.ir_version = 7
    define_functions(model)
    assert model.ir_version == 8
    onnx.checker.check_model(model, full_check=True)
    newer = model_of("GRU")
    define_functions(newer)
    assert newer.ir_version == 9
