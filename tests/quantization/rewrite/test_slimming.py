from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.quantization.rewrite.slimming import slim


def model(*nodes, shape=None, **tensors):
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("image", "result")]
    constants = [numpy_helper.from_array(np.asarray(array), name) for name, array in tensors.items()]
    graph = helper.make_graph(list(nodes), "g", value[:1], value[1:], constants, doc_string="long")
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def run(proto, *shape):
    image = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return ort.InferenceSession(proto.SerializeToString()).run(None, {"image": image})[0]


def test_defaults_go_and_other_attributes_stay():
    defaults = {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "group": 1, "kernel_shape": [3, 3]}
    plain = model(
        helper.make_node("Conv", ["image", "w"], ["result"], "c", **defaults),
        shape=list("abcd"),
        w=np.ones((2, 1, 3, 3), "f4"),
    )
    other = model(
        helper.make_node(
            "Conv", ["image", "w"], ["result"], "c", **{**defaults, "strides": [2, 1], "pads": [1, 0, 1, 0]}
        ),
        shape=list("abcd"),
        w=np.ones((2, 1, 3, 3), "f4"),
    )
    for proto, left in ((plain, set()), (other, {"strides", "pads"})):
        before = run(proto, 1, 1, 8, 9)
        slim(proto)
        assert {attribute.name for attribute in proto.graph.node[0].attribute} == left
        onnx.checker.check_model(proto, full_check=True)
        assert np.array_equal(run(proto, 1, 1, 8, 9), before)


def test_equal_constants_are_shared_and_names_are_short():
    proto = model(
        helper.make_node("Add", ["image", "a long name"], ["an even longer name"]),
        helper.make_node("Mul", ["an even longer name", "another long name"], ["result"]),
        **{"a long name": np.float32(3), "another long name": np.float32(3)},
    )
    before = run(proto, 2, 2)
    slim(proto)
    assert len(proto.graph.initializer) == 1
    assert {name for node in proto.graph.node for name in (*node.input, *node.output)} == {"image", "result", "a", "b"}
    assert np.array_equal(run(proto, 2, 2), before)


def test_equal_bytes_of_other_types_or_shapes_are_not_shared():
    proto = model(
        helper.make_node("Add", ["image", "x"], ["h"]),
        helper.make_node("Reshape", ["h", "y"], ["result"]),
        x=np.zeros((2,), np.float32),
        y=np.zeros((1,), np.int64),
    )
    slim(proto)
    assert len(proto.graph.initializer) == 2


def test_inputs_are_not_renamed_even_if_their_names_are_short():
    proto = model(
        helper.make_node("Add", ["image", "x"], ["h"]), helper.make_node("Relu", ["h"], ["result"]), x=np.float32(1)
    )
    proto.graph.input[0].name = proto.graph.node[0].input[0] = "a"
    slim(proto)
    assert list(proto.graph.node[0].input) == ["a", "b"]


def test_graphs_with_branches_are_left_alone():
    branch = helper.make_graph(
        [helper.make_node("Identity", ["outside"], ["o"])], "b", [], [helper.make_tensor_value_info("o", 1, None)]
    )
    proto = model(
        helper.make_node("Relu", ["image"], ["outside"]),
        helper.make_node("If", ["condition"], ["result"], then_branch=branch, else_branch=branch),
        condition=np.array(True),
    )
    before = proto.SerializeToString()
    slim(proto)
    assert proto.SerializeToString() == before
