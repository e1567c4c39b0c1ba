"""Sizes of tensors that a graph computes: constants such as those of Expand, or many steps, can ask for any memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import onnx

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_ELEMENTS
from crnn_deploy.onnx_graph.structure import image_inputs

_SMALL = 64  # elements of a constant that may state sizes; larger ones are weights
_LINE = (1, 3, 48, 160)  # sizes of a small one


def check_computed_sizes(model: onnx.ModelProto) -> None:
    """Check that no tensor is huge for a small line, as far as ONNX can tell from the graph.

    Raises:
        InputError: naming the tensor.
    """
    for name, sizes in inferred_sizes(model, _LINE).items():
        count = prod(size for size in sizes if size)
        if count > MAX_ELEMENTS:
            raise InputError(
                f"The tensor {name} would have {count:,} numbers for one small line.",
                f"The limit is {MAX_ELEMENTS:,}.",
                "Check the model: it is damaged, or no line recogniser.",
            )


def inferred_sizes(model: onnx.ModelProto, images: Sequence[int]) -> dict[str, tuple[int | None, ...]]:
    """The sizes of the tensors for images of `[N, C, H, W]`, as far as ONNX can tell from the graph.

    Args:
        images: counts where the graph fixes no size.
    """
    try:
        graph = onnx.shape_inference.infer_shapes(_without_weights(model, images), data_prop=True).graph
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
        return {}  # ONNX Runtime says what is wrong with it
    tensors = {value.name: value.type.tensor_type for value in (*graph.value_info, *graph.output)}
    return {name: tuple(map(_size, kind.shape.dim)) for name, kind in tensors.items() if kind.HasField("shape")}


def _size(dimension: onnx.TensorShapeProto.Dimension) -> int | None:
    return dimension.dim_value if dimension.HasField("dim_value") and dimension.dim_value >= 0 else None


def _without_weights(model: onnx.ModelProto, images: Sequence[int]) -> onnx.ModelProto:
    """A copy with images as its input, and with inputs in place of weights, whose numbers state no sizes."""
    light = onnx.ModelProto(ir_version=model.ir_version, functions=model.functions, opset_import=model.opset_import)
    graph = light.graph
    graph.name = "sizes"
    graph.node.extend(model.graph.node)
    graph.output.extend(onnx.ValueInfoProto(name=value.name) for value in model.graph.output)
    for tensor in model.graph.initializer:
        if prod(tensor.dims) <= _SMALL:
            graph.initializer.append(tensor)
        else:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    for value in image_inputs(model):
        graph.input.append(value)
        for size, free in zip(graph.input[-1].type.tensor_type.shape.dim, images, strict=False):
            if size.dim_value <= 0:
                size.dim_value = free
    return light
