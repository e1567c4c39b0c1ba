"""Reshapes whose computed shape becomes a constant."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.export.flattening import keep_sizes_by_constants
from crnn_deploy.onnx_graph.pruning import prune

SHAPE = (2, 3, 4, 5)


def flattened(end: int = 2, start: int = 0, stated: tuple[int, ...] = (-1,), of: str = "x") -> onnx.ModelProto:
    """x → Reshape(x, [sizes of a tensor from `start` to `end`, what is stated])."""
    constants = {"start": [start], "end": [end], "axes": [0], "stated": list(stated)}
    nodes = [
        helper.make_node("Transpose", ["x"], ["turned"], perm=[1, 0, 2, 3]),
        helper.make_node("Shape", [of], ["sizes"]),
        helper.make_node("Slice", ["sizes", "start", "end", "axes"], ["kept"]),
        helper.make_node("Concat", ["kept", "stated"], ["shape"], axis=0),
        helper.make_node("Reshape", ["x", "shape"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "c", 4, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(values, np.int64), name) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def result(model: onnx.ModelProto, shape: tuple[int, ...]) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.arange(np.prod(shape), dtype=np.float32).reshape(shape)})[0]


@pytest.mark.parametrize(("end", "stated"), [(2, (-1,)), (1, (-1,)), (1, (-1, 5)), (3, (5,))])
@pytest.mark.parametrize("shape", [SHAPE, (7, 1, 4, 5)])
def test_only_the_reshape_is_left(end: int, stated: tuple[int, ...], shape: tuple[int, ...]) -> None:
    model = flattened(end, stated=stated)
    before = result(model, shape)
    keep_sizes_by_constants(model.graph)
    prune(model.graph)
    assert [node.op_type for node in model.graph.node] == ["Reshape"]
    np.testing.assert_array_equal(result(model, shape), before)


@pytest.mark.parametrize(
    "model",
    [
        flattened(3, start=1, stated=(-1,)),  # not the first sizes
        flattened(of="turned"),  # of another tensor
        flattened(1, start=-4),  # the same, said in another way
    ],
    ids=["from the second size on", "sizes of another tensor", "counted from the end"],
)
def test_other_shapes_stay_computed(model: onnx.ModelProto) -> None:
    keep_sizes_by_constants(model.graph)
    assert model.graph.node[-1].input[1] == "shape"
