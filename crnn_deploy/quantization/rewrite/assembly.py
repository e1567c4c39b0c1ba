"""Assemble the INT8 model from an FP32 graph and a plan."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.onnx_graph.wiring import Wiring, producers_of
from crnn_deploy.quantization.calibration.observation import Ranges
from crnn_deploy.quantization.config import Target
from crnn_deploy.quantization.rewrite.last_state import read_last_states
from crnn_deploy.quantization.rewrite.linear_convolutions import put_convolutions_in_own_ops
from crnn_deploy.quantization.rewrite.linear_recurrent import join_neighbours
from crnn_deploy.quantization.rewrite.plan import Plan, find_layers
from crnn_deploy.quantization.rewrite.pooling import pool_before_relu
from crnn_deploy.quantization.rewrite.qdq import insert_qdq
from crnn_deploy.quantization.rewrite.recurrent import quantize_recurrent
from crnn_deploy.quantization.rewrite.scheme import SCHEMES
from crnn_deploy.quantization.rewrite.slimming import slim
from crnn_deploy.quantization.rewrite.step_order import put_channels_last
from crnn_deploy.quantization.rewrite.stored_weights import store_weights_as_int8

_SHIELDED = ("Conv", "Gemm")


def assemble(
    model: onnx.ModelProto, plan: Plan, ranges: Ranges, target: Target, exact: Plan = frozenset()
) -> onnx.ModelProto:
    """The model in which the layers of `plan`, and only these, run in INT8.

    Args:
        model: FP32, from `prepare`; not changed.
        ranges: of the activations that `tensors_to_calibrate` names.
        target: except for `tensorrt`, weights of layers that run in FP32 are stored in INT8 nevertheless, and names
            are shortened; TensorRT names the layers of its engine after the nodes.
        exact: layers outside of `plan` whose weights stay FP32 too. So do weights of nodes that `find_layers` omits,
            such as a recurrent layer with peepholes: the search cannot measure what INT8 would cost there.
    """
    scheme = SCHEMES[target]
    assembled = insert_qdq(model, plan, ranges, scheme)
    if scheme.in_onnxruntime:
        pool_before_relu(assembled.graph, plan)
        _shield_float_layers(assembled.graph, plan)
        if scheme.recurrent:
            put_channels_last(assembled.graph)
            read_last_states(assembled.graph)
            quantize_recurrent(assembled, plan)
            join_neighbours(assembled)
            put_convolutions_in_own_ops(assembled)
        in_float = {layer.name for layer in find_layers(assembled.graph, target)}
        store_weights_as_int8(assembled, in_float - exact)
        slim(assembled)
    return assembled


def _shield_float_layers(graph: onnx.GraphProto, plan: Plan) -> None:
    """Keep ONNX Runtime from running layers in INT8 that the plan keeps in FP32.

    It quantizes convolutions between INT8 neighbours itself, with one scale for all channels (its
    `WeightBiasQuantization`); on the recogniser legere that costs 0.4 points of CER. It does so if a ReLU follows too,
    but not if a maximum with 0 follows, which computes the same.
    """
    wiring = Wiring(graph)
    nodes = producers_of(graph)
    shielded: list[tuple[onnx.NodeProto, str]] = []
    for node in graph.node:
        before = nodes.get(node.input[0]) if node.input else None
        if node.op_type in _SHIELDED and node.name not in plan and before and before.op_type == "DequantizeLinear":
            settled = wiring.settled(node)
            if any(reader.op_type == "QuantizeLinear" for reader in wiring.consumers(settled)):
                shielded.append((node, settled))
    for node, settled in shielded:
        if settled != node.output[0]:
            relu = nodes[settled]
            relu.CopyFrom(_maximum(graph, relu.input[0], settled, 0.0, relu.name))
        else:
            node.output[0] = INT8_NAMES.name_for("shielded", settled)
            lowest = float(np.finfo(np.float32).min)
            position = list(graph.node).index(node) + 1
            graph.node.insert(
                position, _maximum(graph, node.output[0], settled, lowest, INT8_NAMES.name_for("max", node.name))
            )


def _maximum(graph: onnx.GraphProto, source: str, result: str, least: float, name: str) -> onnx.NodeProto:
    bound = INT8_NAMES.name_for("least", str(least))
    if all(tensor.name != bound for tensor in graph.initializer):
        graph.initializer.append(numpy_helper.from_array(np.float32(least), bound))
    return helper.make_node("Max", [source, bound], [result], name)
