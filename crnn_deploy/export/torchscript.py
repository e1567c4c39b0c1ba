"""PyTorch's tracing ONNX exporter: the only file that calls it.

PyTorch calls it deprecated, but its successor (`dynamo=True`) cannot export a GRU with a dynamic width: the
decomposition of `aten.gru.input` fails before a custom translation could replace it. If it can one day, or if PyTorch
removes this exporter, replace this file.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import nn

from crnn_deploy.data.network_inputs import input_shapes
from crnn_deploy.errors import InputError
from crnn_deploy.export.shapes import trace_shape
from crnn_deploy.runtime.network import VECTOR_INPUT
from crnn_deploy.scratch import scratch_folder
from crnn_deploy.spec import ModelSpec

INPUT_NAME = "images"
OUTPUT_NAME = "logits"
_STDOUT = 1


def trace(model: nn.Module, spec: ModelSpec, opset: int) -> onnx.ModelProto:
    """Trace `model` to ONNX, with batch norm folded into convolutions.

    The inputs are `images`, `[batch, C, H, width]`, or of clips `[batch, stills, C, H, W]`; and where the spec has one
    `vector`, `[batch, V]`. The output is `logits`, `[batch, frames, K]` (or as `spec.output_layout` says) or
    `[batch, K]`. A fixed width stays fixed.

    Raises:
        InputError: if the network uses something that cannot be exported.
    """
    names, shapes = input_names(spec), input_shapes(trace_shape(spec.preprocessing), spec.preprocessing)
    inputs = tuple(map(torch.zeros, shapes))
    with scratch_folder() as folder, warnings.catch_warnings():
        # The deprecation, and warnings about values that a trace may freeze: the parity check finds those that matter.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
        warnings.filterwarnings("ignore", category=UserWarning, module="torch.onnx")
        path, printed = folder / "traced.onnx", folder / "printed.txt"
        try:
            with _stdout_into(printed):  # PyTorch prints the whole graph where it fails, and a network may print too
                torch.onnx.export(
                    model,
                    inputs,
                    path,
                    dynamo=False,
                    opset_version=opset,
                    input_names=names,
                    output_names=[OUTPUT_NAME],
                    dynamic_axes=_dynamic_axes(spec),
                )
        except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
            raise _not_exported(spec.name, str(error), printed.read_text(errors="replace")) from error
        return onnx.load(path)


@contextmanager
def _stdout_into(path: Path) -> Iterator[None]:
    """Everything that this process prints on stdout goes into a file, also what is printed by compiled code."""
    sys.stdout.flush()
    with path.open("wb") as file:
        kept = os.dup(_STDOUT)
        os.dup2(file.fileno(), _STDOUT)
        try:
            yield
            sys.stdout.flush()
        finally:
            os.dup2(kept, _STDOUT)
            os.close(kept)


def _not_exported(name: str, reason: str, printed: str) -> InputError:
    """The refusal, with the line of Python that cannot be expressed, which PyTorch knows or prints."""
    first = re.split(r"\.?\. Please feel free|  \[Caused by|\n", reason.strip())[0]
    operator = re.search(r"aten::\w+", reason)
    graph = [line for line in printed.splitlines() if operator and operator[0] in line]
    places = [re.findall(r"# (\S+\.py):(\d+):\d+", text) for text in (reason, *graph)]
    place = next((found[-1] for found in places if found), None)
    where = f"\nIt is computed in {place[0]}, line {place[1]}." if place else ""
    return InputError(
        f"{name} cannot be exported to ONNX.",
        f"{first.rstrip('.')}.{where}",
        "Replace this operation in the module by others that ONNX has.",
    )


def input_names(spec: ModelSpec) -> list[str]:
    """Names of the inputs of an exported model."""
    return [INPUT_NAME, VECTOR_INPUT] if spec.preprocessing.vector else [INPUT_NAME]


def _dynamic_axes(spec: ModelSpec) -> dict[str, dict[int, str]]:
    seen = spec.preprocessing
    sizes = {seen.size_axis: "width" if seen.clips is None else "stills"} if seen.any_size else {}
    image_axes = {0: "batch", **sizes}
    if spec.task == "classify":
        others = {name: {0: "batch"} for name in input_names(spec)[1:]}
        return {INPUT_NAME: image_axes, **others, OUTPUT_NAME: {0: "batch"}}
    batch, frames = (0, 1) if spec.output_layout == "NTC" else (1, 0)
    logit_axes = {batch: "batch", frames: "frames"} if sizes else {batch: "batch"}
    return {INPUT_NAME: image_axes, OUTPUT_NAME: logit_axes}
