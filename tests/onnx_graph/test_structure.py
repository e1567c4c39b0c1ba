"""Every operator has the inputs that its name promises, whoever defines it."""

from __future__ import annotations

import broken_onnx as graphs
import pytest
from onnx import helper

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.structure import check_structure, check_text


@pytest.mark.parametrize("operator", ["QGRU", "QLSTM", "MatMul", "Conv", "QLinearConv", "DequantizeLinear"])
@pytest.mark.parametrize("domain", ["", "crnn_deploy", "com.example"])
def test_an_operator_with_too_few_inputs_is_refused_in_any_domain(operator: str, domain: str) -> None:
    model = graphs.recogniser()
    relu = graphs.node(model, "relu")
    relu.op_type, relu.domain = operator, domain
    with pytest.raises(InputError, match=rf"relu \({operator}\) has fewer inputs or outputs than it needs"):
        check_structure(model)


def test_an_operator_that_nobody_knows_may_have_any_inputs() -> None:
    model = graphs.recogniser()
    relu = graphs.node(model, "relu")
    relu.op_type, relu.domain = "Anything", "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    check_structure(model)


def test_a_name_of_several_lines_is_refused() -> None:
    model = graphs.recogniser()
    graphs.node(model, "relu").name = "relu\n✓ done"
    with pytest.raises(InputError, match="name of several lines") as raised:
        check_text(model)
    assert "\n" not in raised.value.what
