from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.pruning import prune, prune_constants


def graph_of(*nodes, outputs=("y",), constants=()):
    def values(names, *shape):
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, *shape) for name in names]

    stored = [numpy_helper.from_array(np.ones(1, np.float32), name) for name in constants]
    return helper.make_graph(list(nodes), "graph", values(["x"], ["n"]), values(outputs, ["m"]), stored)


def left(graph):
    return [node.op_type for node in graph.node], [tensor.name for tensor in graph.initializer]


def test_what_only_the_unread_reads_goes_too():
    graph = graph_of(
        helper.make_node("Add", ["x", "a"], ["read"]),
        helper.make_node("Sub", ["x", "b"], ["unread"]),
        helper.make_node("Mul", ["unread", "c"], ["unread too"]),
        helper.make_node("Relu", ["read"], ["y"]),
        constants=["a", "b", "c", "nobody's"],
    )
    prune(graph)
    assert left(graph) == (["Add", "Relu"], ["a"])


def test_what_a_branch_reads_at_any_depth_stays():
    def conditional(body, output):
        return helper.make_node("If", ["x"], [output], then_branch=body, else_branch=body)

    inner = graph_of(helper.make_node("Mul", ["computed", "a"], ["i"]), outputs=["i"])
    outer = graph_of(conditional(inner, "o"), outputs=["o"])
    graph = graph_of(helper.make_node("Relu", ["x"], ["computed"]), conditional(outer, "y"), constants=["a", "b"])
    prune(graph)
    assert left(graph) == (["Relu", "If"], ["a"])


OUTPUTS = {
    "optional": (helper.make_node("LSTM", ["x", "w", "r"], ["y", "h", "c"], hidden_size=1), ["y"]),
    "up to one that is read": (helper.make_node("LSTM", ["x", "w", "r"], ["", "y", "c"], hidden_size=1), ["", "y"]),
    "omitted": (helper.make_node("LSTM", ["x", "w", "r", ""], ["y", "", ""], hidden_size=1), ["y"]),
    "required": (helper.make_node("TopK", ["x", "k"], ["y", "indices"]), ["y", "indices"]),
    "one of many": (helper.make_node("Split", ["x"], ["y", "second"], num_outputs=2), ["y", "second"]),
    "of a function": (helper.make_node("Own", ["x"], ["y", "second"], domain="own"), ["y", "second"]),
}


@pytest.mark.parametrize(("node", "kept"), OUTPUTS.values(), ids=OUTPUTS)
def test_only_optional_outputs_go(node, kept):
    graph = graph_of(node)
    prune(graph)
    assert list(graph.node[0].output) == kept


def test_a_pruned_split_is_valid():
    split = helper.make_node("Split", ["x"], ["first", "second"], num_outputs=2)
    graph = graph_of(split, helper.make_node("Relu", ["first"], ["y"]))
    prune(graph)
    onnx.checker.check_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), full_check=True)


def test_constants_go_alone():
    graph = graph_of(
        helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Add", ["x", "a"], ["unread"]), constants=["a", "b"]
    )
    prune_constants(graph)
    assert left(graph) == (["Relu", "Add"], ["a"])
