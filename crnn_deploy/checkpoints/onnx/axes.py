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
# Where an image `[N, C, H, W]` has its axes in the image that the model takes, and back.
_LINES_LAST = ((0, 3, 1, 2), (0, 2, 3, 1))  # [N, H, W, C]
_COLUMNS_LAST = ((0, 3, 2, 1), (0, 3, 2, 1))  # [N, W, H, C], as of recognisers whose rows are the columns of a line


def with_channels_first(
    model: onnx.ModelProto, preprocessing: Preprocessing, title: str, progress: Progress
) -> onnx.ModelProto:
    """A copy that takes `[N, C, H, W]` where the model takes `[N, H, W, C]` or `[N, W, H, C]`; else `model` itself."""
    orders = _orders(_sizes(input_of(model, title)), preprocessing)
    if orders is None:
        return model
    ours_of_theirs, theirs_of_ours = orders
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    image = input_of(changed, title)
    name, last = image.name, f"{image.name}_channels_last"
    feed_from(changed.graph, name, last)
    changed.graph.node.insert(0, helper.make_node("Transpose", [name], [last], last, perm=theirs_of_ours))
    dims = [onnx.TensorShapeProto.Dimension.FromString(d.SerializeToString()) for d in image.type.tensor_type.shape.dim]
    del image.type.tensor_type.shape.dim[:]
    image.type.tensor_type.shape.dim.extend(dims[axis] for axis in ours_of_theirs)
    order = "the channels" if orders is _LINES_LAST else "rows and channels"
    progress.log(f"{title} takes images with {order} last; a Transpose is put before it.")
    return changed


def _orders(sizes: list[int], preprocessing: Preprocessing) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Orders of axes for an input of these sizes, 0 for free ones; None where its channels come first.

    Of `[N, 0, height, C]`, the free axis is the width, unless the width is fixed and no other than the height.
    """
    channels, height, width = preprocessing.channel_count, preprocessing.height, preprocessing.width
    if len(sizes) != 4 or sizes[3] != channels or sizes[1] == channels:
        return None
    if sizes[2] == height != width and sizes[1] in (0, width or 0):
        return _COLUMNS_LAST
    return _LINES_LAST if sizes[1] in (0, height) else None


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
    """The model and its spec such that both say the same of the output's axes, where the spec file says nothing.

    `[T, N, K]` is told by the spec, and `[N, K, T]` gets a Transpose.

    Raises:
        InputError: if the model does not run.
    """
    if spec.task != "ctc" or "output_layout" in spec.model_fields_set or len(model.graph.output) != 1:
        return model, spec
    network = open_network(model, threads=1, title=title)
    batch = network.batch or 1
    (value,) = network.try_out(trial_images(spec, batch), [model.graph.output[0].name])
    axes = axes_of(getattr(value, "shape", ()), batch, spec.num_outputs)
    if axes == "TNC":
        progress.log(f"The output of {title} is [T, N, K].")
        return model, spec.model_copy(update={"output_layout": "TNC"})
    if axes == "NCT":
        progress.log(f"The output of {title} is [N, K, T]; a Transpose is put behind it.")
        return _transposed(model), spec
    return model, spec


def _transposed(model: onnx.ModelProto) -> onnx.ModelProto:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    output = changed.graph.output[0]
    name = f"{output.name}_frames_first"
    if any(name in node.output for node in changed.graph.node):
        raise InputError(f"{name} is the name of another tensor already.")
    changed.graph.node.append(helper.make_node("Transpose", [output.name], [name], name, perm=(0, 2, 1)))
    output.CopyFrom(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return changed


def _sizes(image: onnx.ValueInfoProto) -> list[int]:
    return [max(0, dim.dim_value) for dim in image.type.tensor_type.shape.dim]
