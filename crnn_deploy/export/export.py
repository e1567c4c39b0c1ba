"""`export`: convert a `.safetensors` artifact to an ONNX artifact that reads the same."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import onnx
from torch import nn

from crnn_deploy.artifact import Artifact, open_artifact, write_onnx
from crnn_deploy.data.batching import batches
from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.evaluation.model_comparison import ModelComparison, compare_sessions
from crnn_deploy.export.cleanup import flush_subnormals, strip_traces
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.flattening import keep_sizes_by_constants
from crnn_deploy.export.parity import random_batches, require_parity, reservation_about
from crnn_deploy.export.recurrence import check_recurrent_nodes, drop_zero_states
from crnn_deploy.export.torchscript import trace
from crnn_deploy.files import check_output
from crnn_deploy.models.assembly import load_model
from crnn_deploy.onnx_graph.pruning import prune
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.onnxruntime import OnnxGraphSession
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.spec import LineageStep

_REAL_IMAGES = 32
_REAL_BATCH = 4


def export(config: ExportConfig, progress: Progress = SILENT) -> Artifact:
    """Export a `.safetensors` artifact to ONNX, with dynamic batch and width.

    Input `images` `[batch, C, H, width]`, and `vector` `[batch, V]` where the model takes one; output `logits`
    `[batch, frames, K]` or `[batch, K]`; one recurrent node per layer. Nothing is written unless the exported model
    reads every image of the comparison as its parent does.

    Raises:
        InputError: if the model is exported already, or uses something that ONNX cannot express.
        GateError: if the exported model differs from its parent.
    """
    check_output(config.output, config.force, ".onnx", config.model)
    parent = open_artifact(config.model, config.trust_module)
    if parent.format == "onnx":
        raise InputError(f"{config.model} is exported already: it is ONNX.", fix="Go on with quantize or benchmark.")
    if parent.format != "safetensors":
        raise InputError(f"{config.model} cannot be exported.", fix="Give the .safetensors file that it was made from.")

    progress.status("Tracing")
    module = load_model(parent)
    model = trace(module, parent.spec, config.opset)
    flushed = _clean(model, module)

    progress.status("Comparing with the parent")
    noise, real = _compare(parent, model, config.data)
    comparisons = [noise] if real is None else [noise, real]

    reservation = reservation_about(noise, real, parent.spec.task)
    step = LineageStep(
        stage="export",
        options={"opset": config.opset},
        parent_sha256=parent.sha256,
        tools={package: importlib.metadata.version(package) for package in ("torch", "onnx", "onnxruntime")},
        notes={
            "subnormals_flushed": flushed,
            "parity_images": sum(comparison.images for comparison in comparisons),
            # One digit: the last bits of a sum vary with the number of threads, and the file must not.
            "parity_max_difference": float(f"{max(each.max_difference for each in comparisons):.0e}"),
        },
    )
    return write_onnx(config.output, model, parent.spec.after(step.reserved(reservation)), config.force)


def _clean(model: onnx.ModelProto, module: nn.Module) -> int:
    """Clean up the traced graph; return the number of subnormal weights that were set to zero."""
    check_recurrent_nodes(model.graph, module)
    drop_zero_states(model.graph)
    keep_sizes_by_constants(model.graph)
    prune(model.graph)
    strip_traces(model)
    flushed = flush_subnormals(model)
    try:
        onnx.checker.check_model(model, full_check=True)  # with strict shape inference
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise GateError("The exported graph is not valid ONNX.", str(error)) from error
    return flushed


def _compare(
    parent: Artifact, model: onnx.ModelProto, data: str | None
) -> tuple[ModelComparison, ModelComparison | None]:
    """The comparisons on noise and on real images, where there are some.

    Raises:
        GateError: if the exported model differs from its parent.
    """
    preprocessing = parent.spec.preprocessing
    before, after = open_session(parent), OnnxGraphSession(model, parent.spec)
    noise = compare_sessions(before, after, random_batches(preprocessing))
    require_parity(noise)
    if data is None:
        return noise, None
    real = compare_sessions(before, after, _real_batches(preprocessing, data))
    require_parity(real)
    return noise, real


def _real_batches(preprocessing: Preprocessing, data: str) -> Iterator[NetworkInput]:
    source = sample(open_source(data, needs_labels=False), _REAL_IMAGES, seed=0)
    for batch in batches(source, Preprocessor(preprocessing), _REAL_BATCH):
        yield batch.images
