from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.reserved_names import ReservedNames

RESERVED = ReservedNames("new::", "this test")


def graph_of(**names):
    """x → a node that reads a constant → y, in a branch."""
    named = {"input": "x", "constant": "c", "node": "n", "output": "y"} | names

    def value(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)

    node = helper.make_node("Mul", [named["input"], named["constant"]], [named["output"]], named["node"])
    constant = numpy_helper.from_array(np.ones(1, np.float32), named["constant"])
    branch = helper.make_graph([node], "branch", [value(named["input"])], [value(named["output"])], [constant])
    conditional = helper.make_node("If", ["condition"], ["z"], then_branch=branch, else_branch=branch)
    return helper.make_graph([conditional], "graph", [value("condition")], [value("z")])


@pytest.mark.parametrize("place", ["input", "constant", "node", "output"])
def test_reserved_names_are_refused_at_any_depth(place):
    name = RESERVED.name_for("role", "x")
    with pytest.raises(InputError, match=f"(?s)named {name}.*kept for what this test adds") as caught:
        RESERVED.refuse_in(graph_of(**{place: name}))
    assert "Rename it" in str(caught.value)


def test_other_names_pass():
    RESERVED.refuse_in(graph_of(node="a new::node"))


def test_made_names_differ_by_role_and_by_name():
    assert len({RESERVED.name_for(role, name) for role in "ab" for name in "ab"}) == 4
