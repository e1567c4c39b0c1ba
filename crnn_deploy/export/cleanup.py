"""Clean-up of a traced graph before it is written. Each function does one thing, in place."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

_SMALLEST_NORMAL = np.finfo(np.float32).tiny


def flush_subnormals(model: onnx.ModelProto) -> int:
    """Set subnormal FP32 weights to zero and return how many there were.

    They are below 1.2e-38 and do not change results, but many processors compute with them in microcode: a model with
    many of them can run at less than half its speed.
    """
    flushed = 0
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        subnormal = (values != 0) & (np.abs(values) < _SMALLEST_NORMAL)
        if subnormal.any():
            flushed += int(subnormal.sum())
            tensor.CopyFrom(numpy_helper.from_array(np.where(subnormal, np.float32(0), values), tensor.name))
    return flushed


def strip_traces(model: onnx.ModelProto) -> None:
    """Remove doc strings and exporter metadata, which hold stack traces with the paths of this machine."""
    del model.metadata_props[:]
    del model.graph.value_info[:]
    for element in (model, model.graph, *model.graph.node, *model.graph.initializer):
        element.ClearField("doc_string")
    for node in model.graph.node:
        del node.metadata_props[:]
