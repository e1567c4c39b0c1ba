"""Describe files with PyTorch weights: our `.safetensors` artifacts, and third-party checkpoints."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.artifact import read_safetensors
from crnn_deploy.checkpoints.import_checkpoint import load_detected
from crnn_deploy.checkpoints.state_dict import read_state_dict
from crnn_deploy.checkpoints.summary import summarise
from crnn_deploy.errors import InputError
from crnn_deploy.inspection.description import ModelDescription, compose_description
from crnn_deploy.inspection.facts import line_shape
from crnn_deploy.inspection.torch_facts import torch_facts
from crnn_deploy.models.assembly import outline
from crnn_deploy.spec import ModelSpec


def describe_artifact(path: Path, spec: ModelSpec) -> ModelDescription:
    """Describe a `.safetensors` artifact; code that it names is never run."""
    tensors = read_safetensors(path)
    layers = summarise(tensors)
    facts, note = None, ""
    try:
        facts = torch_facts(outline(spec, tensors, str(path)), line_shape(spec.preprocessing))
    except InputError as error:  # such as weights that are NaN, or a user's module, whose source file is not run
        note = f"{error.what} {error.cause}".strip()
    return compose_description(
        path, spec, facts, note, parameters=layers.parameters, precision=layers.precision, layers=layers
    )


def describe_checkpoint(path: Path) -> ModelDescription:
    """Describe a third-party checkpoint, whether its family is known or not."""
    state = read_state_dict(path)
    layers = summarise(state.tensors)
    spec, facts, note = None, None, ""
    try:
        detected = load_detected(state, path)
        spec = detected.spec
        facts = torch_facts(detected.model, line_shape(spec.preprocessing))
    except InputError as error:
        note = f"{error.what} {error.fix}"  # the cause lists the layers, as `layers` does
    return compose_description(
        path, spec, facts, note, parameters=layers.parameters, precision=layers.precision, layers=layers
    )
