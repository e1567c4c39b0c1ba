"""Lower an ONNX graph to the one that an engine is built from."""

from __future__ import annotations

import onnx

from crnn_deploy.engine.lowering.checking import check_model
from crnn_deploy.engine.lowering.half import to_half
from crnn_deploy.engine.lowering.layout import cancel_transposes
from crnn_deploy.engine.lowering.precision import BY_DESIGN, expected_precisions, nodes_in_fp32
from crnn_deploy.engine.lowering.preparing import prepared
from crnn_deploy.engine.lowering.recurrence import lower_recurrences
from crnn_deploy.engine.lowering.result import Lowered, LoweringOptions
from crnn_deploy.errors import GateError


def lower(model: onnx.ModelProto, options: LoweringOptions) -> Lowered:
    """The graph that TensorRT builds an engine from, in strongly typed form; `model` is not changed.

    Inputs and results keep their names and stay FP32. GRU layers become an input projection and a `CrnnGru` node, a
    plugin for TensorRT and a function for ONNX Runtime; other recurrent layers stay, and TensorRT runs them as loops.

    Args:
        model: an exported FP32 graph, one with the Q/DQ nodes of `quantize --target tensorrt`, or one whose recurrent
            layers are `QGRU` or `QLSTM` and whose other layers are FP32.

    Raises:
        InputError: if the model doesn't fit the precision, or a name to keep in FP32 is not in it.
        GateError: if the result is not valid ONNX.
    """
    check_model(model, options.precision)
    lowered = prepared(model)
    recurrent = lower_recurrences(lowered, options.plugin, options.largest_layer)
    cancel_transposes(lowered.graph)
    in_fp32: dict[str, str] = {}
    if options.precision != "fp32":
        in_fp32 = nodes_in_fp32(lowered, options.keep_fp32)
        to_half(lowered, in_fp32)
    _check(lowered)
    kept = {name: reason for name, reason in in_fp32.items() if reason not in BY_DESIGN}
    return Lowered(lowered, recurrent, expected_precisions(lowered), kept)


def _check(model: onnx.ModelProto) -> None:
    try:
        onnx.checker.check_model(_with_result_shapes(model), full_check=True)  # with strict shape inference
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise GateError("The lowered graph is not valid ONNX.", str(error)) from error


def _with_result_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model, or a copy in which results without a shape have one of free axes.

    The checker demands one, ONNX Runtime and TensorRT don't, and `import` removes those that are no longer true.
    """
    if all(value.type.tensor_type.HasField("shape") for value in model.graph.output):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(onnx.shape_inference.infer_shapes(model))
    for value in copy.graph.output:
        if not value.type.tensor_type.HasField("shape"):
            value.type.tensor_type.shape.dim.add()
    return copy
