"""Convert a typed FP16 graph to FP32 with explicit rounding to FP16, which ONNX Runtime can run on a CPU.

Running the typed graph itself would not show the rounding. ONNX Runtime has no FP16 kernels for convolutions, matrix
products and recurrences on x86: it puts casts around them, and then removes pairs of casts that meet, and with them the
rounding between layers, so that only weights would be FP16. On an FP16 GRU or LSTM, version 1.31 crashes. Pairs of
casts in an FP32 graph stay at every level of optimisation, so there is one after every node whose result is float16.

Arithmetic inside a node is FP32, as in TensorRT's kernels and in the plugin, which accumulate in FP32. TensorRT's own
loops round after each operation of each step; this form does not show that.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.engine.lowering.editing import replace_nodes
from crnn_deploy.engine.lowering.schemas import element_types
from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.reserved_names import LOWERING_NAMES


def rounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a typed graph in FP32 that rounds to FP16 wherever `model` holds float16."""
    return _in_fp32(model, rounding=True)


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same without the rounding of activations, so that nothing overflows; weights are rounded."""
    return _in_fp32(model, rounding=False)


def half_tensors(model: onnx.ModelProto) -> list[str]:
    """The tensors that the nodes of a typed graph compute in float16, in order, without dequantized constants."""
    types = element_types(model)
    computed = (node for node in model.graph.node if node.op_type != "DequantizeLinear")
    return [name for node in computed for name in node.output if types.get(name) == TensorProto.FLOAT16]


def _in_fp32(model: onnx.ModelProto, rounding: bool) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.value_info[:]
    for tensor in copy.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    halves = set(half_tensors(model))
    nodes: list[onnx.NodeProto] = []
    for node in copy.graph.node:
        nodes += _rounding(_wide(node, halves), halves) if rounding else [_wide(node, halves)]
    replace_nodes(copy.graph, nodes)
    return copy


def _wide(node: onnx.NodeProto, halves: set[str]) -> onnx.NodeProto:
    """The node in FP32; a cast from or to FP16 becomes one from FP32 to FP32."""
    to_half = node.output[0] in halves
    from_half = node.input[0] in halves and attributes_of(node).get("to") == TensorProto.FLOAT
    if node.op_type != "Cast" or not (to_half or from_half):
        return node
    return helper.make_node("Cast", node.input, node.output, node.name, to=TensorProto.FLOAT)


def _rounding(node: onnx.NodeProto, halves: set[str]) -> Iterator[onnx.NodeProto]:
    """The node, and the rounding of its results.

    Results of `DequantizeLinear` are not rounded: its layer gets integers and scale, and multiplies both in FP32.
    """
    rounded_outputs = [name for name in node.output if name in halves]
    computed = onnx.NodeProto()
    computed.CopyFrom(node)
    computed.output[:] = [LOWERING_NAMES.name_for("exact", name) if name in halves else name for name in node.output]
    yield computed
    for name in rounded_outputs:
        exact, half, to_half, to_float = (
            LOWERING_NAMES.name_for(role, name) for role in ("exact", "rounded", "round", "widen")
        )
        yield helper.make_node("Cast", [exact], [half], to_half, to=TensorProto.FLOAT16)
        yield helper.make_node("Cast", [half], [name], to_float, to=TensorProto.FLOAT)
