"""`inspect`: describe our artifacts, any ONNX model, and third-party checkpoints of supported families or others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import onnx
from pydantic import Field

from crnn_deploy.artifact import Artifact, open_artifact, read_onnx, read_safetensors, read_spec, require_file
from crnn_deploy.checkpoints.import_checkpoint import load_detected
from crnn_deploy.checkpoints.state_dict import read_state_dict
from crnn_deploy.checkpoints.summary import TensorSummary, summarise
from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of
from crnn_deploy.inspection.facts import Facts, line_shape, manifest_facts, measure, onnx_facts, torch_facts
from crnn_deploy.inspection.onnx_graph import OnnxGraph
from crnn_deploy.onnx_graph.external_data import model_sha256
from crnn_deploy.onnx_graph.facts import attributes_of
from crnn_deploy.onnx_graph.operators import RECURRENT_WEIGHTS
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest, read_manifest
from crnn_deploy.spec import Architecture, LineageStep, ModelSpec, Preprocessing

_DEFAULT_SIZES = (1, 1, 32, 100)  # where neither the spec nor the graph fixes them


class ModelDescription(Frozen):
    """The facts about a model file; None or empty where the file doesn't have them.

    `note` says why something is unknown. The fields from `name` on are those of its `ModelSpec`.
    """

    path: Path
    format: str
    size_bytes: int
    sha256: str
    parameters: int
    precision: str
    macs: int | None
    macs_input: tuple[int, ...] | None
    layers: TensorSummary | None = None
    operators: dict[str, int] | None = None
    recurrence: tuple[str, ...] = ()
    engine: EngineManifest | None = None
    note: str = ""
    name: str | None = None
    task: str | None = None
    charset: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    blank: int | None = None
    output_layout: str | None = None
    preprocessing: Preprocessing | None = None
    architecture: Architecture | None = None
    lineage: tuple[LineageStep, ...] = ()
    metrics: dict[str, dict[str, float]] = Field(default_factory=dict)


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
    spec = read_spec(path) if path.suffix == ".safetensors" else None
    return _describe_artifact(path, spec) if spec else _describe_checkpoint(path)


def _describe_onnx(path: Path) -> ModelDescription:
    spec = read_spec(path)
    graph = OnnxGraph(read_onnx(path))
    shape = line_shape(spec.preprocessing) if spec else _default_shape(graph)
    note = "" if spec else "It carries no spec, so its charset and preprocessing are unknown."
    facts = None
    try:
        facts = onnx_facts(graph, shape)
    except InputError as error:
        note = f"{note} {error}".strip()
    operators = dict(Counter(node.op_type for node in graph.nodes if node.op_type != "Constant").most_common())
    return _describe(
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
    return _describe(path, spec, facts, note, **measured)


def _describe_artifact(path: Path, spec: ModelSpec) -> ModelDescription:
    layers = summarise(read_safetensors(path))
    facts, note = None, ""
    try:
        facts = measure(Artifact(path, spec))
    except InputError as error:  # such as a user's module whose source file isn't here
        note = str(error)
    return _describe(path, spec, facts, note, parameters=layers.parameters, precision=layers.precision, layers=layers)


def _describe_checkpoint(path: Path) -> ModelDescription:
    state = read_state_dict(path)
    layers = summarise(state.tensors)
    spec, facts, note = None, None, ""
    try:
        detected = load_detected(state, path)
        spec = detected.spec
        facts = torch_facts(detected.model, line_shape(spec.preprocessing))
    except InputError as error:
        note = f"{error.what} {error.fix}"  # the cause lists the layers, as `layers` does
    return _describe(path, spec, facts, note, parameters=layers.parameters, precision=layers.precision, layers=layers)


def _describe(path: Path, spec: ModelSpec | None, facts: Facts | None, note: str, **measured: Any) -> ModelDescription:
    from_spec = {key: value for key, value in spec if key != "schema_version"} if spec else {}
    return ModelDescription(
        path=path,
        format=path.suffix.removeprefix("."),
        size_bytes=path.stat().st_size,
        sha256=model_sha256(path),
        macs=facts.macs if facts else None,
        macs_input=facts.macs_input if facts else None,
        note=note,
        **measured,
        **from_spec,
    )


def _recurrence(node: onnx.NodeProto) -> str:
    """Kind, size and direction of a recurrent layer, such as `QGRU, hidden size 96, bidirectional`."""
    attributes = attributes_of(node)
    direction = attributes.get("direction", b"forward").decode()
    return f"{node.op_type}, hidden size {attributes.get('hidden_size', '?')}, {direction}"


def _default_shape(graph: OnnxGraph) -> tuple[int, ...]:
    """The input's own sizes, with those of a line of text where they are free."""
    if not graph.inputs:
        return _DEFAULT_SIZES
    sizes = [dim.dim_value for dim in graph.inputs[0].type.tensor_type.shape.dim]
    defaults = (*_DEFAULT_SIZES, *[1] * len(sizes))
    return tuple(size if size > 0 else default for size, default in zip(sizes, defaults, strict=False))
