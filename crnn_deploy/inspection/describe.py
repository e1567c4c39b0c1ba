"""`inspect`: describe our artifacts, any ONNX model, and third-party checkpoints of supported families or others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx

from crnn_deploy.artifact import open_artifact, read_onnx, read_spec, spec_inside
from crnn_deploy.errors import InputError
from crnn_deploy.files import require_file, sha256_of
from crnn_deploy.inspection.description import ModelDescription, compose_description
from crnn_deploy.inspection.facts import line_shape
from crnn_deploy.inspection.measure import manifest_facts, onnx_facts
from crnn_deploy.inspection.onnx_facts import OnnxGraph
from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import RECURRENT_WEIGHTS
from crnn_deploy.runtime.tensorrt.manifest import read_manifest

_DEFAULT_SIZES = (1, 1, 32, 100)  # where neither the spec nor the graph fixes them


def describe(path: Path | str) -> ModelDescription:
    """Read a `.pth`, `.pt`, `.safetensors`, `.onnx` or `.engine` file. Nothing in it is executed.

    Raises:
        InputError: if the file is missing, broken, or no model.
    """
    path = Path(path)
    require_file(path)
    if path.suffix == ".onnx":
        return _describe_onnx(path)
    if path.suffix == ".engine":
        return _describe_engine(path)
    from crnn_deploy.inspection.describe_torch import describe_artifact, describe_checkpoint  # loads PyTorch

    spec = read_spec(path) if path.suffix == ".safetensors" else None
    return describe_artifact(path, spec) if spec else describe_checkpoint(path)


def _describe_onnx(path: Path) -> ModelDescription:
    model = read_onnx(path)
    spec = spec_inside(model, path)
    graph = OnnxGraph(model)
    shape = line_shape(spec.preprocessing) if spec else _default_shape(graph)
    note = "" if spec else "It carries no spec, so its charset and preprocessing are unknown."
    facts = None
    try:
        facts = onnx_facts(graph, shape)
    except InputError as error:
        note = f"{note} {error}".strip()
    operators = dict(Counter(node.op_type for node in graph.nodes if node.op_type != "Constant").most_common())
    return compose_description(
        path,
        spec,
        facts,
        note,
        parameters=graph.parameters(),
        precision=graph.precision(),
        operators=operators,
        recurrence=tuple(_recurrence(node) for node in graph.products if node.op_type in RECURRENT_WEIGHTS),
    )


def _describe_engine(path: Path) -> ModelDescription:
    spec, manifest = open_artifact(path).spec, read_manifest(path)
    facts = manifest_facts(manifest)
    note = ""
    if sha256_of(path) != manifest.engine_sha256:
        note = f"{path.name} is not the engine that the JSON beside it describes: one of the two was exchanged."
    measured = {"parameters": facts.parameters, "precision": facts.precision, "engine": manifest}
    return compose_description(path, spec, facts, note, **measured)


def _recurrence(node: onnx.NodeProto) -> str:
    """Kind, size and direction of a recurrent layer, such as `QGRU, hidden size 96, bidirectional`."""
    attributes = attributes_of(node)
    direction = attributes.get("direction", b"forward").decode(errors="replace")
    return f"{node.op_type}, hidden size {attributes.get('hidden_size', '?')}, {direction}"


def _default_shape(graph: OnnxGraph) -> tuple[int, ...]:
    """The input's own sizes, with those of a line of text where they are free."""
    if not graph.inputs:
        return _DEFAULT_SIZES
    sizes = [dim.dim_value for dim in graph.inputs[0].type.tensor_type.shape.dim]
    defaults = (*_DEFAULT_SIZES, *[1] * len(sizes))
    return tuple(size if size > 0 else default for size, default in zip(sizes, defaults, strict=False))
