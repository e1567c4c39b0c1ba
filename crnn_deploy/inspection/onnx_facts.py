"""Facts about any ONNX graph that need no run: weights, their number formats, and the products that read them."""

from __future__ import annotations

from math import prod

import onnx
import onnx.inliner
from onnx import TensorProto

from crnn_deploy.errors import InputError
from crnn_deploy.native import kernel_level
from crnn_deploy.onnx_graph.operators import (
    DOMAIN,
    LINEAR_RECURRENT,
    OPERANDS,
    OWN_CONVOLUTIONS,
    OWN_OPERATORS,
    OWN_RECURRENT,
)
from crnn_deploy.onnx_graph.wiring import producers_of

# Constant inputs that are not learned: quantisation parameters, running statistics, initial states, sizes.
_NOT_LEARNED = {
    "QuantizeLinear": (1, 2),
    "DequantizeLinear": (1, 2),
    "QLinearConv": (1, 2, 4, 5, 6, 7),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "ConvInteger": (2, 3),
    "MatMulInteger": (2, 3),
    "BatchNormalization": (3, 4),
    "GRU": (4, 5),
    "LSTM": (4, 5, 6),
    "RNN": (4, 5),
    "QGRU": (2, 4, 6, 7),
    "QLSTM": (2, 4, 6, 7, 8),
    **dict.fromkeys(LINEAR_RECURRENT.values(), (2, 4, 6, 7, 8, 9)),
    **dict.fromkeys(OWN_CONVOLUTIONS, (2, 4, 5, 6, 7, 9, 10, 11, 12)),
    "Resize": (1, 2),
    "Upsample": (1,),
}

_PRECISIONS = {
    TensorProto.FLOAT: "fp32",
    TensorProto.DOUBLE: "fp64",
    TensorProto.FLOAT16: "fp16",
    TensorProto.BFLOAT16: "bf16",
    TensorProto.INT8: "int8",
    TensorProto.UINT8: "int8",
    TensorProto.INT4: "int4",
    TensorProto.UINT4: "int4",
}
_INTEGERS = (TensorProto.INT8, TensorProto.UINT8, TensorProto.INT4, TensorProto.UINT4)
_WEIGHTS = (*_PRECISIONS, TensorProto.INT32)  # biases of quantised layers are INT32; shapes are INT64


class OnnxGraph:
    """A model's main graph with its constants and producers; local functions are inlined, except our own ops."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = _inlined(model) if model.functions else model
        self.nodes = list(self.model.graph.node)
        self.constants: dict[str, TensorProto] = {tensor.name: tensor for tensor in self.model.graph.initializer}
        for node in self.nodes:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self.constants[node.output[0]] = node.attribute[0].t
        self._producers = producers_of(self.model.graph)

    @property
    def inputs(self) -> list[onnx.ValueInfoProto]:
        """Inputs that the caller gives: old files list their weights as inputs too."""
        return [value for value in self.model.graph.input if value.name not in self.constants]

    @property
    def products(self) -> list[onnx.NodeProto]:
        """The nodes that multiply."""
        return [node for node in self.nodes if node.op_type in OPERANDS]

    def parameters(self) -> int:
        """Learned numbers, without batch norms that were folded into their convolution."""
        ignored = self._not_learned() | self._weight_scales()
        sizes = [
            prod(tensor.dims)
            for name, tensor in self.constants.items()
            if name not in ignored and tensor.data_type in _WEIGHTS
        ]
        return sum(size for size in sizes if size > 1)  # single numbers are constants, such as of activations

    def precision(self) -> str:
        """Number formats that the products run in, such as `fp32` or `int8+fp32`."""
        names = {self._precision_of(node) for node in self.products}
        return "+".join(sorted(names, key=lambda name: (not name.startswith("int"), name))) or "fp32"

    def _precision_of(self, node: onnx.NodeProto) -> str:
        """INT8 only if both operands are integers: integer weights alone are converted to FP32 before the product."""
        activations, weights = (node.input[index] for index in OPERANDS[node.op_type])
        if node.op_type in OWN_RECURRENT and kernel_level() is None:
            return "fp32"  # without our kernels its FP32 definition runs
        if weights in self.constants:
            return _PRECISIONS.get(self.constants[weights].data_type, "fp32")
        stored = self._dequantised(weights)
        if stored in self.constants and self._dequantised(activations):
            return _PRECISIONS.get(self.constants[stored].data_type, "fp32")
        return "fp32"

    def _dequantised(self, name: str) -> str:
        """The integer tensor behind a DequantizeLinear, or an empty name."""
        producer = self._producers.get(name)
        return str(producer.input[0]) if producer is not None and producer.op_type == "DequantizeLinear" else ""

    def _not_learned(self) -> set[str]:
        return {
            node.input[index]
            for node in self.nodes
            for index in _NOT_LEARNED.get(node.op_type, ())
            if index < len(node.input)
        }

    def _weight_scales(self) -> set[str]:
        """Scales of weights that are stored as integers behind Cast and Mul."""
        return {
            name
            for node in self.nodes
            if node.op_type == "Mul" and any(self._is_cast_integer(name) for name in node.input)
            for name in node.input
            if name in self.constants
        }

    def _is_cast_integer(self, name: str) -> bool:
        producer = self._producers.get(name)
        if producer is None or producer.op_type != "Cast":
            return False
        stored = self.constants.get(producer.input[0])
        return stored is not None and stored.data_type in _INTEGERS


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    own = [(DOMAIN, name) for name in OWN_OPERATORS]
    try:
        return onnx.inliner.inline_selected_functions(model, own, exclude=True)
    except (RuntimeError, onnx.checker.ValidationError) as error:
        raise InputError("The model's functions cannot be written out.", str(error), "Export it without.") from None
