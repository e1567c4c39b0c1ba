from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.wiring import (
    Wiring,
    captured,
    constant_tensors,
    names_read,
    names_read_by,
    nested,
    producers_of,
)


def value(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


def branching():
    """conv → ReLU, and an If whose branch holds another that reads what the conv gives and a constant."""
    inner = helper.make_graph([helper.make_node("Mul", ["conv", "factor"], ["i"])], "inner", [], [value("i")])
    outer = helper.make_graph(
        [helper.make_node("If", ["condition"], ["o"], "inner if", then_branch=inner, else_branch=inner)],
        "outer",
        [],
        [value("o")],
    )
    return helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["conv"], "conv"),
            helper.make_node("Relu", ["conv"], ["relu"], "relu"),
            helper.make_node("If", ["condition"], ["y"], "if", then_branch=outer, else_branch=outer),
        ],
        "graph",
        [value("x")],
        [value("y"), value("w")],
        [numpy_helper.from_array(np.ones(1, np.float32), name) for name in ("w", "factor", "condition", "unread")],
    )


def test_branches_are_found_at_any_depth():
    assert (
        sorted(graph.name for graph in nested(branching()))
        == ["graph", "inner", "inner", "inner", "inner"] + ["outer"] * 2
    )


def test_what_branches_and_callers_read_counts():
    read = names_read(branching())
    assert {"x", "w", "factor", "condition", "conv", "y"} <= read
    assert "unread" not in read


def test_a_result_that_a_branch_reads_is_not_settled_behind_its_relu():
    graph = branching()
    wiring = Wiring(graph)
    assert {node.name for node in wiring.consumers("conv")} == {"relu", "if"}
    assert wiring.settled(graph.node[0]) == "conv"
    del graph.node[2]
    assert Wiring(graph).settled(graph.node[0]) == "relu"


def test_a_node_reads_what_its_branches_read():
    condition = branching().node[2]
    assert names_read_by(condition) >= {"condition", "conv", "factor"}
    assert captured(condition) == {"condition", "conv", "factor"}


def test_omitted_inputs_and_outputs_are_no_tensors():
    gru = helper.make_node("GRU", ["x", "w", "r", "", "", "h"], ["", "last"])
    graph = helper.make_graph([gru], "graph", [value("x")], [value("last")])
    assert names_read(graph) == {"x", "w", "r", "h", "last"}
    assert producers_of(graph).keys() == {"last"}


def test_constants_are_initializers_and_what_constant_nodes_hold():
    held = numpy_helper.from_array(np.full(2, 3, np.float32))
    nodes = [
        helper.make_node("Constant", [], ["held"], value=held),
        helper.make_node("Constant", [], ["number"], value_int=3),
        helper.make_node("Identity", ["held"], ["y"]),
    ]
    weight = numpy_helper.from_array(np.ones(1, np.float32), "w")
    found = constant_tensors(helper.make_graph(nodes, "g", [], [value("y")], [weight]))
    assert {name: numpy_helper.to_array(tensor).tolist() for name, tensor in found.items()} == {
        "w": [1],
        "held": [3, 3],
    }
