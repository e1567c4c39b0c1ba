"""Measures the facts of any artifact."""

from __future__ import annotations

from crnn_deploy.artifact import Artifact, read_onnx
from crnn_deploy.inspection.engine_facts import engine_precision
from crnn_deploy.inspection.facts import Facts, line_shape, line_shapes
from crnn_deploy.inspection.onnx_facts import OnnxGraph
from crnn_deploy.inspection.onnx_macs import onnx_macs
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest, read_manifest


def measure(artifact: Artifact) -> Facts:
    """Facts about an artifact, on one line of 100×32 pixels brought to its input size.

    The facts of an engine are in its manifest, so they need no GPU.

    Raises:
        InputError: if it can't be loaded or run.
    """
    if artifact.format == "engine":
        return manifest_facts(read_manifest(artifact.path))
    shape = line_shape(artifact.spec.preprocessing)
    if artifact.format == "onnx":
        return onnx_facts(OnnxGraph(read_onnx(artifact.path)), shape)
    from crnn_deploy.inspection.torch_facts import torch_facts  # PyTorch takes seconds to load
    from crnn_deploy.models.assembly import load_model

    return torch_facts(load_model(artifact), *line_shapes(artifact.spec.preprocessing))


def manifest_facts(manifest: EngineManifest) -> Facts:
    """Facts about an engine."""
    return Facts(
        parameters=manifest.parameters,
        macs=manifest.macs,
        macs_input=manifest.macs_input,
        precision=engine_precision(manifest),
    )


def onnx_facts(graph: OnnxGraph, shape: tuple[int, ...]) -> Facts:
    """Facts about an ONNX graph at one input shape. Raises `InputError` if it does not run there."""
    return Facts(
        parameters=graph.parameters(), macs=onnx_macs(graph, shape), macs_input=shape, precision=graph.precision()
    )
