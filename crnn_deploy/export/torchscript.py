"""PyTorch's tracing ONNX exporter: the only file that calls it.

PyTorch calls it deprecated, but its successor (`dynamo=True`) cannot export a GRU with a dynamic width: the
decomposition of `aten.gru.input` fails before a custom translation could replace it. If it can one day, or if PyTorch
removes this exporter, replace this file.
"""

from __future__ import annotations

import warnings

import onnx
import torch
from torch import nn

from crnn_deploy.errors import InputError
from crnn_deploy.export.shapes import trace_shape
from crnn_deploy.scratch import scratch_folder
from crnn_deploy.spec import ModelSpec

INPUT_NAME = "images"
OUTPUT_NAME = "logits"


def trace(model: nn.Module, spec: ModelSpec, opset: int) -> onnx.ModelProto:
    """Trace `model` to ONNX, with batch norm folded into convolutions.

    The input is `images`, `[batch, C, H, width]`; the output is `logits`, `[batch, frames, K]` (or as
    `spec.output_layout` says) or `[batch, K]`. A fixed width stays fixed.

    Raises:
        InputError: if the network uses something that cannot be exported.
    """
    images = torch.zeros(trace_shape(spec.preprocessing))
    with scratch_folder() as folder, warnings.catch_warnings():
        # The deprecation, and warnings about values that a trace may freeze: the parity check finds those that matter.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
        warnings.filterwarnings("ignore", category=UserWarning, module="torch.onnx")
        path = folder / "traced.onnx"
        try:
            torch.onnx.export(
                model,
                (images,),
                path,
                dynamo=False,
                opset_version=opset,
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamic_axes=_dynamic_axes(spec),
            )
        except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
            raise InputError(
                f"{spec.name} cannot be exported to ONNX.",
                str(error).strip().splitlines()[0],
                "Replace the operation named above in the module; adaptive pooling, for one, by a mean over the axis.",
            ) from error
        return onnx.load(path)


def _dynamic_axes(spec: ModelSpec) -> dict[str, dict[int, str]]:
    dynamic_width = spec.preprocessing.width is None
    image_axes = {0: "batch", 3: "width"} if dynamic_width else {0: "batch"}
    if spec.task == "classify":
        return {INPUT_NAME: image_axes, OUTPUT_NAME: {0: "batch"}}
    batch, frames = (0, 1) if spec.output_layout == "NTC" else (1, 0)
    logit_axes = {batch: "batch", frames: "frames"} if dynamic_width else {batch: "batch"}
    return {INPUT_NAME: image_axes, OUTPUT_NAME: logit_axes}
