"""Recurrent nodes of an exported graph: they must compute what PyTorch computes, without superfluous inputs."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper
from torch import nn

from crnn_deploy.errors import GateError
from crnn_deploy.models.layers.stepwise import StepwiseRecurrence
from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import RECURRENT
from crnn_deploy.onnx_graph.wiring import producers_of

_STATE_INPUTS = (5, 6)  # initial_h, and initial_c of an LSTM

# Operators that only move values: zeros stay zeros.
_MOVING_OPS = ("Expand", "Identity", "Reshape", "Slice", "Squeeze", "Tile", "Transpose", "Unsqueeze")


def check_recurrent_nodes(graph: onnx.GraphProto, model: nn.Module) -> None:
    """Check that there is one node per recurrent layer, and that GRUs follow PyTorch's definition, unless some don't.

    PyTorch applies a GRU's reset gate after the recurrent product (`linear_before_reset=1`); ONNX's default is before,
    and exporters have silently written the wrong one.

    Raises:
        GateError: if a layer was unrolled or lost, or a GRU resets before its product.
    """
    nodes = [node for node in graph.node if node.op_type in RECURRENT]
    stepwise = [module for module in model.modules() if isinstance(module, StepwiseRecurrence)]
    layers = len(stepwise) + sum(module.num_layers for module in model.modules() if isinstance(module, nn.RNNBase))
    if len(nodes) < layers:
        raise GateError(f"The export holds {len(nodes)} recurrent nodes for {layers} recurrent layers.")
    resetting = [n for n in nodes if n.op_type == "GRU" and attributes_of(n).get("linear_before_reset", 0) != 1]
    for node in resetting:
        if len(resetting) > sum(module.options.reset == "before" for module in stepwise):
            raise GateError(
                f"The exported GRU {node.name} has linear_before_reset=0.",
                "It would apply the reset gate before the recurrent product; PyTorch applies it after.",
            )


def drop_zero_states(graph: onnx.GraphProto) -> None:
    """Remove initial states that are zeros, which is ONNX's default. Learned states stay."""
    producers = producers_of(graph)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type not in RECURRENT:
            continue
        for index in _STATE_INPUTS:
            if index < len(node.input) and _is_zero(node.input[index], producers, constants):
                node.input[index] = ""
        while not node.input[-1]:
            node.input.pop()


def _is_zero(name: str, producers: dict[str, onnx.NodeProto], constants: dict[str, onnx.TensorProto]) -> bool:
    """Whether the tensor is zeros, whatever its shape; an empty name is an omitted state, which is zeros too."""
    if not name:
        return True
    if name in constants:
        return not np.any(numpy_helper.to_array(constants[name]))
    node = producers.get(name)
    if node is None:
        return False
    if node.op_type in ("Constant", "ConstantOfShape"):
        values = node.attribute  # of `ConstantOfShape`, there may be none: zeros
        return all(each.name == "value" and not np.any(numpy_helper.to_array(each.t)) for each in values)
    if node.op_type in _MOVING_OPS:
        return _is_zero(node.input[0], producers, constants)
    return False
