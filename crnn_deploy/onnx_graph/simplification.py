"""Let ONNX Runtime simplify a graph within standard ONNX, before it is edited."""

from __future__ import annotations

import itertools

import onnx
import onnxruntime as ort

from crnn_deploy.onnx_graph.execution import load_session, quiet_options
from crnn_deploy.onnx_graph.structure import image_inputs
from crnn_deploy.scratch import scratch_folder

_CONSTANT_WEIGHTS_IR = 4  # the first IR version in which weights need not be inputs too


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with constants folded, batch norm folded into convolutions, and a name of its own for every node.

    Only optimisations that stay within standard ONNX and don't depend on the processor are used.

    Raises:
        InputError: if ONNX Runtime refuses the model.
    """
    with scratch_folder() as folder:
        path = folder / "simplified.onnx"
        options = quiet_options()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        load_session(_with_constant_weights(model), options, "the model")
        simplified = onnx.load(path)
    _drop_unused_domains(simplified)
    name_nodes(simplified.graph)
    return simplified


def name_nodes(graph: onnx.GraphProto) -> None:
    """Give every node a name of its own, in place: plans refer to nodes by name."""
    original = {node.name for node in graph.node}
    used: set[str] = set()
    for index, node in enumerate(graph.node):
        if not node.name or node.name in used:
            fresh = (f"{node.op_type}_{number}" for number in itertools.count(index))
            node.name = next(name for name in fresh if name not in original | used)
        used.add(node.name)


def _with_constant_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose weights are not inputs as well, as files before IR version 4 have them: they can be folded then."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    inputs = image_inputs(copy)
    del copy.graph.input[:]
    copy.graph.input.extend(inputs)
    copy.ir_version = max(copy.ir_version, _CONSTANT_WEIGHTS_IR)
    return copy


def _drop_unused_domains(model: onnx.ModelProto) -> None:
    """Remove operator sets that no node uses: ONNX Runtime declares all that it has."""
    used = {"", *(node.domain for node in model.graph.node), *(function.domain for function in model.functions)}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
