"""The nodes of an FP16 graph that stay in FP32, and the precision in which each layer should run."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

import onnx
from onnx import TensorProto

from crnn_deploy.engine.lowering.crnn_gru_function import is_recurrence
from crnn_deploy.engine.lowering.half_range import misfit
from crnn_deploy.engine.lowering.recurrence import projection_of
from crnn_deploy.engine.lowering.schemas import HalfSupport, element_types, half_support, is_float
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import attributes_of, opset_of
from crnn_deploy.onnx_graph.operators import PRODUCTS, QDQ, RECURRENT
from crnn_deploy.onnx_graph.positions import computing_positions
from crnn_deploy.onnx_graph.wiring import captured, constants_of, depending_on_values, producers_of
from crnn_deploy.runtime.tensorrt.names import Precision

_TYPED_BY = ("dtype", "output_dtype")  # attributes that would contradict an FP16 result
_NO_IMAGE = "it computes constants or shapes"
_INT8_CONVOLUTION = "it runs in INT8 and gives FP32"
_BEHIND_CONVOLUTION = "it takes what an INT8 convolution gives"
_POSITIONS = "it computes positions in the image"
_READS_FP32 = "it reads a layer in FP32, which TensorRT would otherwise run in FP16, between its casts"
BY_DESIGN = (_NO_IMAGE, _INT8_CONVOLUTION, _BEHIND_CONVOLUTION)
"""Reasons that apply to every model, and are not reported."""

_LAYERS = (*PRODUCTS, "ConvTranspose")
_WRITTEN_OUT = 4  # numbers of a vector
_BIASES = {"Conv": 2, "ConvTranspose": 2, "Gemm": 2}  # their positions among the inputs
_MOVING = ("Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
# Operators that runtimes fuse with the convolution before, or with the rounding to INT8 after them.
_POINTWISE = ("Add", "Clip", "HardSigmoid", "HardSwish", "LeakyRelu", "MaxPool", "Mul", "Relu", "Sigmoid")


def nodes_in_fp32(model: onnx.ModelProto, wanted: Collection[str]) -> dict[str, str]:
    """The nodes that stay in FP32, each with the reason.

    These are the wanted ones (a recurrent layer takes its input projection along), what computes constants, shapes or
    positions in the image, what has branches or a body, operators without FP16, what reads a constant that FP16 can't
    hold, and INT8 convolutions with what follows up to the next rounding: TensorRT for RTX runs a convolution between
    Q/DQ nodes in FP16 if its result is FP16, and in INT8 if it is FP32 (1.7, read from its layers). A layer between
    two casts would run in FP16 too, so that the nodes that read a layer in FP32 are among these (also 1.7).

    Raises:
        InputError: if there is no node of a wanted name.
    """
    graph, types, opset = model.graph, element_types(model), opset_of(model)
    _check_names(graph, wanted)
    names = {*wanted, *(part for name in wanted for part in projection_of(name))}
    reasons = _around_int8_convolutions(graph)
    on_the_way, misfits = depending_on_values(graph), _misfits(graph, types)
    reasons |= dict.fromkeys(computing_positions(graph) - reasons.keys(), _POSITIONS)
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            continue  # takes the precision of its readers
        reason = _reason(node, half_support(node, opset), types, misfits)
        if node.name in names:
            reason = "it was to stay in FP32"
        elif on_the_way.isdisjoint({*node.input, *captured(node)}):
            reason = _NO_IMAGE
            reasons[node.name] = reason
        if reason:
            reasons.setdefault(node.name, reason)
    return _readers(graph, reasons) | reasons


def _readers(graph: onnx.GraphProto, reasons: Mapping[str, str]) -> dict[str, str]:
    """The nodes that compute with the results of layers in FP32, and those that only move these results to them."""
    producers = producers_of(graph)
    fp32_results: set[str] = set()
    readers = {}
    for node in graph.node:
        reason = reasons.get(node.name, "")
        if not fp32_results.isdisjoint(node.input) and not reason:
            readers[node.name] = _READS_FP32
            fp32_results.update(node.output if node.op_type in _MOVING else ())
        if reason and reason not in BY_DESIGN and node.op_type in _LAYERS and not is_int8(node, producers):
            fp32_results.update(node.output)
    return readers


def expected_precisions(model: onnx.ModelProto) -> dict[str, Precision]:
    """The precision of each convolution, matrix product and recurrence, by the name of its node.

    A node is INT8 if it reads both its operands from `DequantizeLinear`; others run in the type of their result. Of
    products of constants, such as those for an initial state, nothing is expected: TensorRT may compute them when it
    builds, in any precision. Nor of the FP16 product with a vector of up to four numbers beside a picture:
    TensorRT for RTX writes it out in one layer with its neighbours, and lists that in the type of any of its inputs
    (1.7; from five numbers on it is a matrix product).
    """
    types, producers = element_types(model), producers_of(model.graph)
    on_the_way, written_out = depending_on_values(model.graph), _written_out(model.graph, producers)
    precisions: dict[str, Precision] = {}
    for node in model.graph.node:
        has_arithmetic = node.op_type in (*_LAYERS, *RECURRENT) or is_recurrence(node)
        if has_arithmetic and not on_the_way.isdisjoint(node.input):
            output = next(name for name in node.output if name)
            float_type: Precision = "fp16" if types[output] == TensorProto.FLOAT16 else "fp32"
            precision = "int8" if is_int8(node, producers) else float_type
            if precision != "fp16" or node.name not in written_out:
                precisions[node.name] = precision
    return precisions


def _written_out(graph: onnx.GraphProto, producers: Mapping[str, onnx.NodeProto]) -> set[str]:
    """Names of the matrix products with a vector of so few numbers that TensorRT makes no layer of them."""
    vectors = {value.name for value in graph.input[1:]}
    vectors |= {name for name, node in producers.items() if node.op_type == "Cast" and node.input[0] in vectors}
    constants, names = constants_of(graph), set()
    for node in graph.node:
        weights = constants.get(node.input[1]) if node.op_type in PRODUCTS and node.input[0] in vectors else None
        if weights is None or weights.ndim != 2:
            continue
        if weights.shape[1 if attributes_of(node).get("transB") else 0] <= _WRITTEN_OUT:
            names.add(node.name)
    return names


def is_int8(node: onnx.NodeProto, producers: Mapping[str, onnx.NodeProto]) -> bool:
    """Whether a node multiplies two operands that `DequantizeLinear` gives."""
    operands = [producers.get(name) for name in node.input[:2]]
    decoded = all(source is not None and source.op_type == "DequantizeLinear" for source in operands)
    return decoded and node.op_type in PRODUCTS


def _check_names(graph: onnx.GraphProto, wanted: Collection[str]) -> None:
    names = [node.name for node in graph.node]
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3)
            raise InputError(
                f"The model has no node named {name} that could stay in FP32.",
                f"Near are: {', '.join(near)}." if near else "",
                "Names are those of the graph's nodes, as Netron shows them.",
            )


def _misfits(graph: onnx.GraphProto, types: Mapping[str, int]) -> dict[tuple[str, bool], str]:
    """The constants, and tensors dequantized by scales, that FP16 can't hold, with the reason.

    Each with whether it is used as a bias, which may be too small.
    """
    constants = constants_of(graph)
    scales = {node.input[1] for node in graph.node if node.op_type in QDQ}
    reasons = {}
    for name, is_bias in {role for node in graph.node for role in _with_roles(node)}:
        if name in constants and is_float(types, name):
            problem = misfit(constants[name], all_matter=name in scales, may_vanish=is_bias)
            if problem:
                reasons[name, is_bias] = f"{problem} ({name})"
    decoders = [node for node in graph.node if node.op_type == "DequantizeLinear"]
    coarse = {node.output[0]: reasons[node.input[1], False] for node in decoders if (node.input[1], False) in reasons}
    return reasons | {(name, is_bias): reason for name, reason in coarse.items() for is_bias in (False, True)}


def _reason(
    node: onnx.NodeProto,
    support: HalfSupport,
    types: Mapping[str, int],
    misfits: Mapping[tuple[str, bool], str],
) -> str:
    """Why a node needs FP32 whatever is around it; empty where it doesn't."""
    attributes = attributes_of(node)
    if any(isinstance(value, onnx.GraphProto) for value in attributes.values()):
        return "it has branches or a body"
    if any(attributes.get(name) == TensorProto.FLOAT for name in _TYPED_BY):
        return "its result is FP32 by definition"
    outputs = zip(node.output, support.outputs, strict=True)
    if any(is_float(types, name) and not allowed for name, allowed in outputs):
        return f"ONNX has no {node.op_type} in FP16"
    inputs = zip(_with_roles(node), support.inputs, strict=True)
    return next((misfits[name] for name, allowed in inputs if allowed and name in misfits), "")


def _with_roles(node: onnx.NodeProto) -> list[tuple[str, bool]]:
    """The inputs of a node, each with whether it is the bias of a layer."""
    return [(name, position == _BIASES.get(node.op_type)) for position, name in enumerate(node.input)]


def _around_int8_convolutions(graph: onnx.GraphProto) -> dict[str, str]:
    """INT8 convolutions, and the nodes that compute with their results in FP32 until these are rounded to INT8."""
    producers = producers_of(graph)
    inputs = {value.name for value in graph.input}
    fp32_outputs: set[str] = set()
    reasons = {}
    for node in graph.node:
        behind = not fp32_outputs.isdisjoint(node.input)
        if node.op_type == "QuantizeLinear":
            reason = _BEHIND_CONVOLUTION if behind or node.input[0] in inputs else ""
        elif node.op_type == "Conv":
            reason = _INT8_CONVOLUTION if is_int8(node, producers) else ""
        else:
            reason = _BEHIND_CONVOLUTION if behind and node.op_type in _POINTWISE else ""
        if reason:
            reasons[node.name] = reason
            fp32_outputs.update(node.output)
    return reasons
