"""Describe files with PyTorch weights: our `.safetensors` artifacts, and third-party checkpoints."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.artifact import read_safetensors
from crnn_deploy.checkpoints.pytorch.network import load_detected, own_format
from crnn_deploy.checkpoints.pytorch.state_dict import read_state_dict
from crnn_deploy.checkpoints.pytorch.summary import summarise
from crnn_deploy.errors import InputError
from crnn_deploy.inspection.description import ModelDescription, compose_description
from crnn_deploy.inspection.facts import line_shapes
from crnn_deploy.inspection.torch_facts import torch_facts
from crnn_deploy.models.assembly import family_of, outline
from crnn_deploy.models.weights import check_fit
from crnn_deploy.spec import ModelSpec


def describe_artifact(path: Path, spec: ModelSpec) -> ModelDescription:
    """Describe a `.safetensors` artifact; code that it names is never run."""
    tensors = read_safetensors(path)
    layers = summarise(tensors)
    facts, note = None, _why_not_built(spec)
    if not note:
        network = outline(spec)
        try:
            check_fit(network.state_dict(), tensors, str(path))
            facts = torch_facts(network, *line_shapes(spec.preprocessing))
        except InputError as error:  # such as weights that are NaN
            note = f"{error.what} {error.cause}"
    return compose_description(
        path, spec, facts, note, parameters=layers.parameters, precision=layers.precision, layers=layers
    )


def _why_not_built(spec: ModelSpec) -> str:
    """Why only the tensors can be described, such as a user's own network, whose file is never run here."""
    try:
        family_of(spec)
    except InputError as error:
        return f"{error.what} {error.cause}".strip()
    return ""


def describe_checkpoint(path: Path) -> ModelDescription:
    """Describe a third-party checkpoint, whether its family is known or not.

    Raises:
        InputError: if the file can't be read, or is of a known format and holds what cannot be imported.
    """
    spec, facts, note = None, None, ""
    try:
        detected = load_detected(path)
        spec, tensors = detected.spec, detected.model.state_dict()
        facts = torch_facts(detected.model, *line_shapes(spec.preprocessing))
    except InputError as error:
        if own_format(path) is not None:
            raise
        tensors = read_state_dict(path).tensors
        note = f"{error.what} {error.fix}"  # the cause lists the layers, as `layers` does
    layers = summarise(tensors)
    return compose_description(
        path, spec, facts, note, parameters=layers.parameters, precision=layers.precision, layers=layers
    )
