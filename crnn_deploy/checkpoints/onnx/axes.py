"""Axes of a third-party ONNX model: images with the channels last, names of free axes, and the axes of its output."""

from __future__ import annotations

import onnx
from onnx import helper

from crnn_deploy.checkpoints.onnx.trial import input_of
from crnn_deploy.checkpoints.output_axes import axes_of
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.wiring import feed_from
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.onnxruntime import open_network
from crnn_deploy.runtime.trial import trial_images
from crnn_deploy.spec import ModelSpec

_NAMES = ("batch", "channels", "height", "width")
_ROWS_FIRST = (0, 2, 3, 1)  # the axes of [N, C, H, W] in the order [N, H, W, C]
_COLUMNS_FIRST = (0, 3, 2, 1)  # in the order [N, W, H, C]


def with_channels_first(
    model: onnx.ModelProto, preprocessing: Preprocessing, title: str, progress: Progress
) -> onnx.ModelProto:
    """A copy that takes `[N, C, H, W]` where the model takes `[N, H, W, C]` or `[N, W, H, C]`; else `model` itself.

    Readers in Keras often take the columns of an image first.
    """
    order = _order_of(_sizes(input_of(model, title)), preprocessing)
    if order is None:
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    image = input_of(changed, title)
    name, last = image.name, f"{image.name}_channels_last"
    feed_from(changed.graph, name, last)
    changed.graph.node.insert(0, helper.make_node("Transpose", [name], [last], last, perm=order))
    dims = [onnx.TensorShapeProto.Dimension.FromString(d.SerializeToString()) for d in image.type.tensor_type.shape.dim]
    del image.type.tensor_type.shape.dim[:]
    image.type.tensor_type.shape.dim.extend(dims[order.index(axis)] for axis in range(len(dims)))
    columns = " and the columns first" if order == _COLUMNS_FIRST else ""
    progress.log(f"{title} takes images with the channels last{columns}; a Transpose is put before it.")
    return changed


def _order_of(sizes: list[int], preprocessing: Preprocessing) -> tuple[int, ...] | None:
    """The order in which the model takes the axes of `[N, C, H, W]`; None for that order itself, or an unknown one."""
    channels, height, width = preprocessing.channel_count, preprocessing.height, preprocessing.width
    if len(sizes) != len(_NAMES) or sizes[3] != channels or sizes[1] == channels:
        return None
    if sizes[2] == height != sizes[1] and sizes[1] in (0, width):
        return _COLUMNS_FIRST
    return _ROWS_FIRST if sizes[1] in (0, height) else None


def with_named_axes(model: onnx.ModelProto, title: str) -> onnx.ModelProto:
    """A copy whose free input axes have names of their own; `model` itself where they have.

    Converters call all of them `?` or the like, which makes runtimes take them for one size.
    """
    dims = input_of(model, title).type.tensor_type.shape.dim
    names = [dim.dim_param for dim in dims if not dim.dim_value]
    if len(dims) != len(_NAMES) or (all(name.isidentifier() for name in names) and len(set(names)) == len(names)):
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for dim, name in zip(input_of(changed, title).type.tensor_type.shape.dim, _NAMES, strict=True):
        if not dim.dim_value:
            dim.dim_param = name
    del changed.graph.value_info[:]  # runtimes infer them again
    for output in changed.graph.output:
        for dim in output.type.tensor_type.shape.dim:
            if dim.dim_param in names:
                dim.ClearField("dim_param")
    return changed


def with_measured_layout(
    model: onnx.ModelProto, spec: ModelSpec, title: str, progress: Progress
) -> tuple[onnx.ModelProto, ModelSpec]:
    """The model and its spec such that both say the same of the logits' axes, where the spec file says nothing.

    `[T, N, K]` is told by the spec, and `[N, K, T]` gets a Transpose. Other outputs may be beside the logits.

    Raises:
        InputError: if the model does not run.
    """
    if spec.task != "ctc" or "output_layout" in spec.model_fields_set:
        return model, spec
    network = open_network(model, threads=1, title=title)
    batch = network.batch or 1
    names = [output.name for output in model.graph.output]
    values = zip(names, network.try_out(trial_images(spec, batch), names), strict=True)
    axes = {name: axes_of(getattr(value, "shape", ()), batch, spec.num_outputs) for name, value in values}
    found = {each for each in axes.values() if each is not None}
    if found == {"TNC"}:
        progress.log(f"The output of {title} is [T, N, K].")
        return model, spec.model_copy(update={"output_layout": "TNC"})
    if found == {"NCT"}:
        progress.log(f"The output of {title} is [N, K, T]; a Transpose is put behind it.")
        return _transposed(model, [name for name in names if axes[name]]), spec
    return model, spec


def _transposed(model: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    """A copy whose outputs with these names are `[N, T, K]` instead of `[N, K, T]`."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for output in changed.graph.output:
        if output.name not in names:
            continue
        name = f"{output.name}_frames_first"
        if any(name in node.output for node in changed.graph.node):
            raise InputError(f"{name} is the name of another tensor already.")
        changed.graph.node.append(helper.make_node("Transpose", [output.name], [name], name, perm=(0, 2, 1)))
        output.CopyFrom(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return changed


def _sizes(image: onnx.ValueInfoProto) -> list[int]:
    return [max(0, dim.dim_value) for dim in image.type.tensor_type.shape.dim]
