"""Convert a graph to typed FP16: every tensor from image to result is float16, except around nodes that need FP32.

ONNX Runtime's converter (1.31, `transformers.float16`) is not suitable: it clips constants out of range with only a
debug message, converts shape computations too, treats Q/DQ scales as any number, and leaves nodes in an order that
`onnx.checker` refuses.

An FP32 tensor keeps its name; its FP16 form has another. So the graph's inputs and results do not change, and branches
and loop bodies, which stay in FP32, read the same names.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper

from crnn_deploy.engine.lowering.editing import add_constant, replace_nodes
from crnn_deploy.engine.lowering.schemas import HalfSupport, element_types, half_support, is_float
from crnn_deploy.onnx_graph.attributes import attributes_of, opset_of
from crnn_deploy.onnx_graph.pruning import prune
from crnn_deploy.onnx_graph.reserved_names import LOWERING_NAMES
from crnn_deploy.onnx_graph.wiring import captured, constants_of


def to_half(model: onnx.ModelProto, in_fp32: Mapping[str, str]) -> None:
    """Convert a graph to FP16, in place, except its inputs and results and the nodes named in `in_fp32`.

    Raises:
        InputError: if the type of a tensor is unknown.
    """
    _Conversion(model, in_fp32).run()


class _Conversion:
    """One pass over a graph. Tensors get the precision of their node, and are cast where a reader needs the other."""

    def __init__(self, model: onnx.ModelProto, in_fp32: Mapping[str, str]) -> None:
        self._graph = model.graph
        self._opset = opset_of(model)
        self._types = element_types(model)
        self._constants = constants_of(model.graph)
        self._in_fp32 = in_fp32
        self._decoders: dict[str, onnx.NodeProto] = {}
        self._nodes: list[onnx.NodeProto] = []
        inputs = {value.name for value in model.graph.input}
        self._present = inputs | set(self._constants)  # names that exist so far

    def run(self) -> None:
        results = [value.name for value in self._graph.output]
        for node in list(self._graph.node):
            if node.op_type == "DequantizeLinear" and is_float(self._types, node.output[0]):
                self._decoders[node.output[0]] = node  # is added where it is read, in the reader's precision
                continue
            self._convert(node)
        for name in results:
            self._read(name, half=False)
        replace_nodes(self._graph, self._nodes)
        del self._graph.value_info[:]
        prune(self._graph)

    def _convert(self, node: onnx.NodeProto) -> None:
        half = node.name not in self._in_fp32
        support = half_support(node, self._opset) if half else _none(node)
        converted = onnx.NodeProto()
        converted.CopyFrom(node)
        for name in captured(node):
            self._read(name, half=False)
        converted.input[:] = [
            self._read(name, half=allowed) for name, allowed in zip(node.input, support.inputs, strict=True)
        ]
        if half and node.op_type == "Cast" and attributes_of(node)["to"] == TensorProto.FLOAT:
            del converted.attribute[:]
            converted.attribute.append(helper.make_attribute("to", TensorProto.FLOAT16))
        if half:
            converted.output[:] = [_half_name(name) if is_float(self._types, name) else name for name in node.output]
        self._emit(converted)

    def _read(self, name: str, half: bool) -> str:
        """The name of a tensor in this precision; it is added if it doesn't exist yet."""
        if not name or not is_float(self._types, name):
            return name
        wanted = _half_name(name) if half else name
        if wanted not in self._present:
            if name in self._decoders:
                self._decode(name, half)
            elif name in self._constants:
                add_constant(self._graph, wanted, self._constants[name].astype(np.float16))
                self._present.add(wanted)
            else:
                source, element = (name, TensorProto.FLOAT16) if half else (_half_name(name), TensorProto.FLOAT)
                self._emit(
                    helper.make_node("Cast", [source], [wanted], LOWERING_NAMES.name_for("cast", wanted), to=element)
                )
        return wanted

    def _decode(self, name: str, half: bool) -> None:
        """Dequantize right before the reader: TensorRT recognises only a pair that is next to its layer."""
        node = onnx.NodeProto()
        node.CopyFrom(self._decoders[name])
        if {name, _half_name(name)} & self._present:  # it exists already, in the other precision
            node.name = LOWERING_NAMES.name_for("again", node.name)
        node.input[1] = self._read(node.input[1], half)
        node.output[0] = _half_name(name) if half else name
        self._emit(node)

    def _emit(self, node: onnx.NodeProto) -> None:
        self._nodes.append(node)
        self._present.update(node.output)


def _half_name(name: str) -> str:
    return LOWERING_NAMES.name_for("half", name)


def _none(node: onnx.NodeProto) -> HalfSupport:
    return HalfSupport((False,) * len(node.input), (False,) * len(node.output))
