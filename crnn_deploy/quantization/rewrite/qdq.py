"""Insert Q/DQ nodes, by which standard ONNX marks the layers that run in INT8.

Runtimes look for `DequantizeLinear` before a layer and, where its result is to stay INT8, `QuantizeLinear` after it;
all else that a runtime needs is its `Scheme`. ONNX Runtime's own quantizer does the same, but it insists on its own
calibration, which fails for inputs of varying width (onnxruntime#18792), stores three times as much for each channel,
and cannot leave a layer between INT8 layers in FP32.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from crnn_deploy.onnx_graph.int8_rows import quantize_channels
from crnn_deploy.onnx_graph.operators import PRODUCTS, STANDARD_DOMAINS
from crnn_deploy.onnx_graph.products import channel_axis
from crnn_deploy.onnx_graph.pruning import prune_constants
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.onnx_graph.wiring import Wiring, constants_of
from crnn_deploy.quantization.calibration.observation import Ranges
from crnn_deploy.quantization.rewrite.scheme import Scheme

_PER_CHANNEL_OPSET = 13  # older graphs, only from third parties, get Q/DQ of ONNX Runtime's own domain
_LARGEST_BIAS = 2.0**30  # half of the accumulator's range


def insert_qdq(model: onnx.ModelProto, layers: Collection[str], ranges: Ranges, scheme: Scheme) -> onnx.ModelProto:
    """A copy of `model` in which the products named in `layers` run in INT8, with these ranges of activations."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    _Insertion(copy, layers, scheme).run(ranges)
    return copy


class _Insertion:
    """One pass over a graph, in place."""

    def __init__(self, model: onnx.ModelProto, layers: Collection[str], scheme: Scheme) -> None:
        self.graph = model.graph
        self.scheme = scheme
        self.layers = [node for node in model.graph.node if node.name in layers and node.op_type in PRODUCTS]
        self.constants = constants_of(model.graph)
        self.stored: set[str] = set()  # names of the constants added so far
        self.domain = ""
        opset = next(entry for entry in model.opset_import if entry.domain in STANDARD_DOMAINS)
        if opset.version < _PER_CHANNEL_OPSET:
            self.domain = "com.microsoft"
            if all(entry.domain != self.domain for entry in model.opset_import):
                model.opset_import.append(helper.make_opsetid(self.domain, 1))

    def run(self, ranges: Ranges) -> None:
        scales = self._activation_scales(ranges)
        constant_nodes = [decoder for node in self.layers for decoder in self._quantize_constants(node, scales)]
        inputs = {value.name for value in self.graph.input}
        nodes = list(self.graph.node)
        # Branches still read the image under its own name, in FP32.
        renamed = {name: INT8_NAMES.name_for("dequantized", name) for name in scales if name in inputs}
        result = [*constant_nodes]
        for name in renamed:
            result += self._pair(name, name, renamed[name], *scales[name])
        for node in nodes:
            node.input[:] = [renamed.get(name, name) for name in node.input]
            quantized = [name for name in node.output if name in scales]
            # The pair's result gets the old name, so that readers and outputs of the graph stay as they are.
            node.output[:] = [INT8_NAMES.name_for("float", name) if name in scales else name for name in node.output]
            result.append(node)
            for name in quantized:
                result += self._pair(name, INT8_NAMES.name_for("float", name), name, *scales[name])
        del self.graph.node[:]
        self.graph.node.extend(result)
        prune_constants(self.graph)

    def _activation_scales(self, ranges: Ranges) -> dict[str, tuple[np.float32, int]]:
        """Scale and zero point of each tensor that becomes INT8."""
        wiring = Wiring(self.graph)
        tensors = {node.input[0] for node in self.layers}
        if self.scheme.convolution_outputs:
            tensors |= {wiring.settled(node) for node in self.layers if node.op_type == "Conv"}
        scales = {name: _scale(ranges[name], self.scheme) for name in tensors}
        for node in self.graph.node:
            # Integers have the same maximum only if both sides of a pool share their scale.
            if node.op_type == "MaxPool" and self.scheme.convolution_outputs and node.input[0] in scales:
                scales[node.output[0]] = scales[node.input[0]]
        return scales

    def _quantize_constants(
        self, node: onnx.NodeProto, scales: dict[str, tuple[np.float32, int]]
    ) -> Iterator[onnx.NodeProto]:
        """Store a layer's weight and bias as integers; yields the nodes that dequantize them for the layer."""
        input_scale, _ = scales[node.input[0]]
        weight, axis = self.constants[node.input[1]], channel_axis(node)
        has_bias = len(node.input) > 2 and node.input[2] in self.constants and self.scheme.integer_bias
        bias = self.constants[node.input[2]].ravel() if has_bias else np.zeros(1, np.float32)
        values, scales_by_channel = quantize_channels(weight, axis, np.abs(bias) / (input_scale * _LARGEST_BIAS))
        scale = scales_by_channel.ravel()

        weight_scale = self._constant(INT8_NAMES.name_for("weight_scale", node.name), scale)
        stored = [self._constant(INT8_NAMES.name_for("weight", node.name), values), weight_scale]
        if node.op_type == "Gemm":  # otherwise ONNX Runtime 1.31 leaves it in FP32
            stored.append(self._constant(INT8_NAMES.name_for("weight_zero", node.name), np.zeros(scale.shape, np.int8)))
        node.input[1] = INT8_NAMES.name_for("weight_float", node.name)
        yield self._node("DequantizeLinear", stored, node.input[1], axis=axis)
        if not has_bias:
            return
        bias_scale = input_scale * scale
        integers = np.rint(np.broadcast_to(bias, scale.shape) / bias_scale.astype(np.float64)).astype(np.int32)
        # Folded at load: the file needs one number per channel less.
        factors = [self._constant(INT8_NAMES.name_for("scale", node.input[0]), np.asarray(input_scale)), weight_scale]
        product = INT8_NAMES.name_for("bias_scale", node.name)
        yield helper.make_node("Mul", factors, [product], product)
        node.input[2] = INT8_NAMES.name_for("bias_float", node.name)
        stored = [self._constant(INT8_NAMES.name_for("bias", node.name), integers), product]
        yield self._node("DequantizeLinear", stored, node.input[2], axis=0)

    def _pair(self, tensor: str, source: str, result: str, scale: np.float32, zero_point: int) -> list[onnx.NodeProto]:
        """The Q/DQ pair of `tensor`, from the name `source` to the name `result`."""
        parameters = [
            self._constant(INT8_NAMES.name_for("scale", tensor), np.asarray(scale)),
            self._constant(
                INT8_NAMES.name_for("zero_point", str(zero_point)), np.asarray(zero_point, self.scheme.activation)
            ),
        ]
        quantized = INT8_NAMES.name_for("quantized", tensor)
        return [
            self._node("QuantizeLinear", [source, *parameters], quantized),
            self._node("DequantizeLinear", [quantized, *parameters], result),
        ]

    def _node(self, op: str, inputs: list[str], output: str, **attributes: int) -> onnx.NodeProto:
        return helper.make_node(op, inputs, [output], INT8_NAMES.name_for(op, output), domain=self.domain, **attributes)

    def _constant(self, name: str, values: NDArray[np.generic]) -> str:
        if name not in self.stored:
            self.stored.add(name)
            self.graph.initializer.append(numpy_helper.from_array(values, name))
        return name


def _scale(covered: tuple[float, float], scheme: Scheme) -> tuple[np.float32, int]:
    """Scale and zero point that represent a range, which holds zero."""
    low, high = covered
    if scheme.symmetric:
        return np.float32(max(-low, high) / 127), 0
    scale = np.float32((high - low) / 255)
    return scale, round(-low / float(scale))
