"""Bring an FP32 or Q/DQ graph into the form that the other steps of lowering expect."""

from __future__ import annotations

import onnx

from crnn_deploy.engine.lowering.checking import holds_qdq
from crnn_deploy.engine.lowering.editing import constants_as_initializers
from crnn_deploy.onnx_graph.reserved_names import LOWERING_NAMES
from crnn_deploy.onnx_graph.simplification import name_nodes, simplify


def prepared(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with constants folded, functions inlined, and every node named.

    Weights of `QGRU` and `QLSTM`, and others that are stored as INT8 to make the file small, become FP32 constants. A
    Q/DQ graph is not folded: that was done before it was quantized, and would remove the Q/DQ nodes of weights.

    Raises:
        InputError: if ONNX Runtime refuses the model, or a name has the prefix that is reserved for what lowering adds.
    """
    copy = onnx.ModelProto()
    if holds_qdq(model):
        copy.CopyFrom(onnx.inliner.inline_local_functions(model) if model.functions else model)
    else:
        copy.CopyFrom(simplify(model))
    del copy.graph.value_info[:]
    constants_as_initializers(copy.graph)
    name_nodes(copy.graph)
    LOWERING_NAMES.refuse_in(copy.graph)
    return copy
