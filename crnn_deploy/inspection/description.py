"""`ModelDescription`: the facts about a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from crnn_deploy.checkpoints.pytorch.tensor_summary import TensorSummary
from crnn_deploy.class_sequences import ClassSequence
from crnn_deploy.config import Frozen
from crnn_deploy.inspection.facts import Facts
from crnn_deploy.language_model import LanguageModel
from crnn_deploy.onnx_graph.external_data import model_sha256
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest
from crnn_deploy.spec import Architecture, LineageStep, ModelSpec


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
    sequences: tuple[ClassSequence, ...] = ()
    normal_form: str | None = None
    text_order: str | None = None
    temperature: float | None = None
    language_model: LanguageModel | None = None
    class_names: tuple[str, ...] = ()
    blank: int | None = None
    output_layout: str | None = None
    preprocessing: Preprocessing | None = None
    architecture: Architecture | None = None
    lineage: tuple[LineageStep, ...] = ()
    metrics: dict[str, dict[str, float]] = Field(default_factory=dict)


def compose_description(
    path: Path, spec: ModelSpec | None, facts: Facts | None, note: str, **measured: Any
) -> ModelDescription:
    """The description of a file; `measured` are the fields that its format has."""
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
