"""Split GRU layers into an input projection, one matrix product for all steps, and the recurrence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from crnn_deploy.engine.lowering.crnn_gru_function import define_recurrence, recurrence_node
from crnn_deploy.engine.lowering.editing import add_constant, replace_nodes
from crnn_deploy.engine.lowering.result import RecurrentLayer
from crnn_deploy.onnx_graph.attributes import attributes_of, opset_of
from crnn_deploy.onnx_graph.int8_rows import quantize_rows
from crnn_deploy.onnx_graph.operators import RECURRENT
from crnn_deploy.onnx_graph.reserved_names import LOWERING_NAMES
from crnn_deploy.onnx_graph.wiring import Constants, constants_of, names_read, producers_of

_FUNCTION_OPSET = 15  # the first with the operators of the function's body
_INPUTS = 6
_LAST = np.iinfo(np.int64).max


def projection_of(layer: str) -> tuple[str, str]:
    """The names of the matrix product and the addition that compute the gates of a recurrent layer."""
    return LOWERING_NAMES.name_for("projection", layer), LOWERING_NAMES.name_for("bias", layer)


def lower_recurrences(model: onnx.ModelProto, plugin: bool, largest: int) -> tuple[RecurrentLayer, ...]:
    """Replace the GRU layers that the plugin can run, in place; returns where each recurrent layer runs, and why.

    Where there is a Q/DQ pair before such a layer, its projection becomes INT8, with weights that have a scale for each
    column. TensorRT's loops run in floating point, so the pair is removed before them.
    """
    graph, opset = model.graph, opset_of(model)
    read, constants, producers = names_read(graph), constants_of(graph), producers_of(graph)
    layers: list[RecurrentLayer] = []
    nodes: list[onnx.NodeProto] = []
    signature: _Optional | None = None  # of the first layer that the plugin runs
    for node in graph.node:
        if node.op_type not in RECURRENT:
            nodes.append(node)
            continue
        reason = obstacle(node, constants, read, opset, largest) if plugin else "the plugin was not wanted"
        if not reason and signature not in (None, _optional(node)):
            reason = "another layer has other optional inputs, and the op has one definition in a model"
        layers.append(_describe(node, reason))
        quantizer = _quantizer_before(node.input[0], producers, constants)
        if not reason:
            signature = _optional(node)
            nodes += _Gru(graph, node, constants, int8=quantizer is not None).replacement(read)
            continue
        if quantizer is not None and producers[node.input[0]].op_type == "DequantizeLinear":
            node.input[0] = quantizer.input[0]
        nodes.append(node)
    replace_nodes(graph, nodes)
    if signature is not None:
        define_recurrence(model, *signature)
    return tuple(layers)


def obstacle(node: onnx.NodeProto, constants: Collection[str], read: Collection[str], opset: int, largest: int) -> str:
    """Why the plugin, which takes up to `largest` units, can't run a recurrent layer; empty where it can."""
    attributes = attributes_of(node)
    inputs = [*node.input, *[""] * _INPUTS]
    activations = [name.lower() for name in attributes.get("activations", [])]
    last_is_read = len(node.output) > 1 and node.output[1] in read
    hidden = attributes["hidden_size"]
    reasons = {
        f"the plugin runs GRU, not {node.op_type}": node.op_type != "GRU",
        "its reset gate comes before the recurrent product": attributes.get("linear_before_reset", 0) != 1,
        "it has activations of its own": activations != [b"sigmoid", b"tanh"] * (len(activations) // 2),
        "it clips": "clip" in attributes,
        f"it has {hidden} units, the plugin takes up to {largest} on these GPUs": hidden > largest,
        "its batch comes first (layout=1)": attributes.get("layout", 0) != 0,
        "its weights are computed": not {name for name in inputs[1:4] if name} <= set(constants),
        "its last states are read and lines have lengths": last_is_read and bool(inputs[4]),
        f"its opset is {opset}, the plugin's function needs {_FUNCTION_OPSET}": opset < _FUNCTION_OPSET,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def _describe(node: onnx.NodeProto, reason: str) -> RecurrentLayer:
    attributes = attributes_of(node)
    directions = 2 if attributes.get("direction") == b"bidirectional" else 1
    return RecurrentLayer(
        name=node.name,
        op=node.op_type,
        hidden=attributes["hidden_size"],
        directions=directions,
        home="loop" if reason else "plugin",
        reason=reason,
    )


_Optional = tuple[bool, bool]


def _optional(node: onnx.NodeProto) -> _Optional:
    """Whether a GRU has lengths and whether it has an initial state."""
    inputs = [*node.input, *[""] * _INPUTS]
    return bool(inputs[4]), bool(inputs[5])


def _quantizer_before(
    tensor: str, producers: Mapping[str, onnx.NodeProto], constants: Constants
) -> onnx.NodeProto | None:
    """The quantizing node of a pair with one scale that a tensor comes from, with only transposes in between."""
    node = producers.get(tensor)
    while node is not None and node.op_type == "Transpose":
        node = producers.get(node.input[0])
    if node is None or node.op_type != "DequantizeLinear":
        return None
    scale = constants.get(node.input[1])
    if scale is None or scale.size != 1:
        return None
    before = producers.get(node.input[0])
    return before if before is not None and before.op_type == "QuantizeLinear" else None


class _Gru:
    """The replacement of one GRU of a graph; adds the constants for its weights."""

    def __init__(self, graph: onnx.GraphProto, node: onnx.NodeProto, constants: Constants, int8: bool) -> None:
        self._graph = graph
        self._node = node
        self._int8 = int8
        self._inputs = [*node.input, *[""] * _INPUTS][:_INPUTS]
        self._direction: bytes = attributes_of(node).get("direction", b"forward")
        self._weight, self._recurrent = (constants[name] for name in self._inputs[1:3])
        self._directions, _, self._hidden = self._recurrent.shape
        shape = self._directions, 2, 3, self._hidden
        self._bias = constants[self._inputs[3]] if self._inputs[3] else np.zeros(shape, self._weight.dtype)
        self._bias = self._bias.reshape(shape)

    def replacement(self, read: Collection[str]) -> list[onnx.NodeProto]:
        """The nodes that compute those outputs of the layer that are read, under the same names."""
        hidden = self._name("hidden")
        outputs = [*self._node.output, ""]
        return [
            *self._gates(),
            self._recurrence(hidden),
            *(self._all_states(hidden, outputs[0]) if outputs[0] in read else []),
            *(self._last_states(hidden, outputs[1]) if outputs[1] in read else []),
        ]

    def _gates(self) -> list[onnx.NodeProto]:
        """X [T, N, C] → gates [N, T, D·3H], with all biases except that of the candidate's recurrent product."""
        columns = self._weight.reshape(-1, self._weight.shape[2])
        bias = self._bias[:, 0].copy()
        bias[:, :2] += self._bias[:, 1, :2]
        product, sum_ = projection_of(self._node.name)
        decoder, weight = self._projection_weight(columns)
        constant = self._constant("gate_bias", bias.reshape(-1))
        return [
            *decoder,
            self._new_node("Transpose", [self._inputs[0]], "by_line", perm=[1, 0, 2]),
            helper.make_node("MatMul", [self._name("by_line"), weight], [product], product),
            helper.make_node("Add", [product, constant], [sum_], sum_),
        ]

    def _projection_weight(self, rows: NDArray[np.float32]) -> tuple[list[onnx.NodeProto], str]:
        """The weight [C, D·3H], and the node that dequantizes it."""
        if not self._int8:
            return [], self._constant("projection_weight", rows.T)
        integers, scale = quantize_rows(rows, 1)
        stored = self._constant("projection_int8", integers.T), self._constant("projection_scale", scale.ravel())
        node = self._new_node("DequantizeLinear", list(stored), "projection_weight", axis=1)
        return [node], node.output[0]

    def _recurrence(self, output: str) -> onnx.NodeProto:
        inputs = [
            projection_of(self._node.name)[1],
            self._constant("recurrent", self._recurrent),
            self._constant("candidate_bias", self._bias[:, 1, 2]),
            *self._inputs[4:],
        ]
        return recurrence_node(self._node.name, inputs, output, self._hidden, self._direction.decode())

    def _all_states(self, hidden: str, output: str) -> list[onnx.NodeProto]:
        """[N, T, D·H] → Y [T, D, N, H]."""
        shape = self._constant("split", np.array([0, 0, self._directions, self._hidden]))
        return [
            self._new_node("Reshape", [hidden, shape], "by_direction"),
            helper.make_node(
                "Transpose",
                [self._name("by_direction")],
                [output],
                self._name("all_states"),
                perm=[1, 2, 0, 3],
            ),
        ]

    def _last_states(self, hidden: str, output: str) -> list[onnx.NodeProto]:
        """[N, T, D·H] → Y_h [D, N, H]: the last step of the forward direction, the first of the reverse one."""
        axes = self._constant("axes", np.array([1, 2]))
        nodes = []
        for direction in range(self._directions):
            backwards = direction == 1 or self._direction == b"reverse"
            first, past = direction * self._hidden, (direction + 1) * self._hidden
            bounds = [
                self._constant(f"start{direction}", np.array([0 if backwards else -1, first])),
                self._constant(f"end{direction}", np.array([1 if backwards else _LAST, past])),
            ]
            nodes.append(self._new_node("Slice", [hidden, *bounds, axes], f"last{direction}"))
        joined = self._new_node("Concat", [node.output[0] for node in nodes], "last", axis=1)
        name = self._name("last_states")
        return [*nodes, joined, helper.make_node("Transpose", joined.output, [output], name, perm=[1, 0, 2])]

    def _constant(self, role: str, values: NDArray[Any]) -> str:
        return add_constant(self._graph, self._name(role), values)

    def _name(self, role: str) -> str:
        return LOWERING_NAMES.name_for(role, self._node.name)

    def _new_node(self, op: str, inputs: list[str], role: str, **attributes: Any) -> onnx.NodeProto:
        """A node with one output; both have the name of `role`."""
        name = self._name(role)
        return helper.make_node(op, inputs, [name], name, **attributes)
