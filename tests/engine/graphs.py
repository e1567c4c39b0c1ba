"""Small graphs with recurrences in them, and what ONNX Runtime makes of them."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, constants, opset=20):
    """A model whose `inputs` and `outputs` are names with shapes; lengths are int32."""
    tensors = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]

    def values(shapes):
        return [value(n, s, TensorProto.INT32 if n == "lengths" else TensorProto.FLOAT) for n, s in shapes.items()]

    graph = helper.make_graph(list(nodes), "test", values(inputs), values(outputs), tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def gru_weights(channels, hidden, directions, bias=True, seed=0):
    random = np.random.default_rng(seed)
    shapes = {
        "W": (directions, 3 * hidden, channels),
        "R": (directions, 3 * hidden, hidden),
        **({"B": (directions, 6 * hidden)} if bias else {}),
    }
    return {name: random.uniform(-0.5, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def gru(direction="bidirectional", bias=True, extra=(), outputs=("Y",), channels=6, hidden=5, opset=20, **attributes):
    """A GRU over `x` [T, N, C]; `extra` are its inputs behind the biases: lengths and h."""
    directions = DIRECTIONS[direction]
    inputs = ["x", "W", "R", "B" if bias else "", *extra]
    node = helper.make_node(
        "GRU",
        inputs,
        list(outputs),
        "layer",
        **{"hidden_size": hidden, "direction": direction, "linear_before_reset": 1, **attributes},
    )
    shapes = {"x": ["t", "n", channels], "lengths": ["n"], "h": [directions, "n", hidden]}
    results = {"Y": ["t", directions, "n", hidden], "Y_h": [directions, "n", hidden]}
    return model(
        [node],
        {name: shapes[name] for name in ("x", *extra) if name},
        {name: results[name] for name in outputs if name},
        gru_weights(channels, hidden, directions, bias),
        opset,
    )


def as_exported(layers=1, direction="bidirectional", channels=6, hidden=5):
    """Lines `x` [N, C, T] through GRUs as PyTorch's exporter writes them, to `y` [N, T, D·H]."""
    directions = DIRECTIONS[direction]
    wide = directions * hidden
    nodes, constants = [helper.make_node("Transpose", ["x"], ["s0"], "in", perm=[2, 0, 1])], {}
    for layer in range(layers):
        weights = gru_weights(wide if layer else channels, hidden, directions, seed=layer)
        constants |= {f"{name}{layer}": array for name, array in weights.items()}
        names = [f"{name}{layer}" for name in ("W", "R", "B")]
        attributes = {"hidden_size": hidden, "direction": direction, "linear_before_reset": 1}
        nodes += [
            helper.make_node("GRU", [f"s{layer}", *names], [f"Y{layer}"], f"gru{layer}", **attributes),
            helper.make_node("Transpose", [f"Y{layer}"], [f"t{layer}"], f"turn{layer}", perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", [f"t{layer}", "shape"], [f"s{layer + 1}"], f"join{layer}"),
        ]
    nodes.append(helper.make_node("Transpose", [f"s{layers}"], ["y"], "out", perm=[1, 0, 2]))
    constants["shape"] = np.array([0, 0, wide])
    return model(nodes, {"x": ["n", channels, "t"]}, {"y": ["n", "t", wide]}, constants)


def run(graph, feeds):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    names = {entry.name for entry in graph.graph.input}
    session = ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {name: array for name, array in feeds.items() if name in names})


def ops(graph: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in graph.graph.node]
