"""`import`: convert a third-party checkpoint to an artifact with a spec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from crnn_deploy.artifact import Artifact, read_onnx, read_spec, write_safetensors
from crnn_deploy.checkpoints import ppocr
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.detection import detect
from crnn_deploy.checkpoints.narrowest_width import with_readable_width
from crnn_deploy.checkpoints.onnx_model import adopt_onnx
from crnn_deploy.checkpoints.spec_file import check_outputs, make_spec
from crnn_deploy.checkpoints.state_dict import StateDict, read_state_dict, shortened_names
from crnn_deploy.checkpoints.trial import check_forward
from crnn_deploy.errors import InputError
from crnn_deploy.files import check_output, printable, require_file
from crnn_deploy.models.assembly import build, build_with_weights
from crnn_deploy.models.user_module import module_architecture
from crnn_deploy.models.weights import load_weights
from crnn_deploy.onnx_graph.external_data import model_sha256
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import LineageStep, ModelSpec


@dataclass(frozen=True)
class Detected:
    """A network of a supported family with its weights."""

    family: str
    spec: ModelSpec
    model: nn.Module


def import_checkpoint(config: ImportConfig, progress: Progress = SILENT) -> Artifact:
    """Import a state dict of a supported family or the user's own network, PaddleOCR's ONNX, or an ONNX with a spec.

    Nothing in the checkpoint is executed. With `config.module`, the user's own source file is executed.

    Raises:
        InputError: if the checkpoint, the module, the spec or the output can't be used; nothing is written then.
    """
    kind = ".onnx" if config.checkpoint.suffix == ".onnx" else ".safetensors"
    check_output(config.output, config.force, kind, config.checkpoint)
    require_file(config.checkpoint)
    _refuse_artifact(config)
    if kind == ".onnx":
        return _import_onnx(config, progress)
    return _import_module(config, config.module, progress) if config.module else _import_detected(config, progress)


def load_detected(state: StateDict, path: Path, spec_file: Path | None = None) -> Detected:
    """The network of a state dict of a supported family; fields in `spec_file` replace those of the family.

    Raises:
        InputError: if the family is unknown, or the charset or the weights don't fit it.
    """
    *_, shortest = shortened_names(state.tensors)
    adapter = detect(shortest, str(path))
    recognised = adapter.load(StateDict(shortest, state.extras))
    spec = make_spec(printable(path.stem), recognised.fields, spec_file)
    check_outputs(spec, recognised.outputs, str(path))
    model = build_with_weights(spec, recognised.tensors, str(path))
    return Detected(adapter.FAMILY, spec, model)


def _import_detected(config: ImportConfig, progress: Progress) -> Artifact:
    detected = load_detected(read_state_dict(config.checkpoint), config.checkpoint, config.spec)
    progress.log(f"Recognised as {detected.family}.")
    check_forward(detected.model, detected.spec)
    spec = with_readable_width(TorchSession(detected.model, detected.spec), progress)
    step = _step(config, {"family": detected.family}, {"torch": torch.__version__})
    return write_safetensors(config.output, detected.model.state_dict(), spec.after(step), config.force)


def _import_module(config: ImportConfig, module: str, progress: Progress) -> Artifact:
    state = read_state_dict(config.checkpoint)
    spec = make_spec(printable(config.checkpoint.stem), {}, _required_spec(config))
    arguments = spec.architecture.options.get("arguments", {}) if spec.architecture else {}
    spec = spec.model_copy(update={"architecture": module_architecture(module, arguments)})
    model = build(spec, trust_module=True)
    own = model.state_dict().keys()
    tensors = next((named for named in shortened_names(state.tensors) if own & named.keys()), state.tensors)
    load_weights(model, tensors, str(config.checkpoint))
    check_forward(model, spec)
    spec = with_readable_width(TorchSession(model, spec), progress)
    step = _step(config, {"module": module}, {"torch": torch.__version__})
    return write_safetensors(config.output, model.state_dict(), spec.after(step), config.force)


def _import_onnx(config: ImportConfig, progress: Progress) -> Artifact:
    if config.module:
        raise InputError("--module goes with PyTorch weights; an ONNX model needs no code.", fix="Leave out --module.")
    recognised = ppocr.recognise(read_onnx(config.checkpoint), config.checkpoint)
    if recognised is not None:
        progress.log(f"Recognised as {ppocr.FAMILY}.")
    spec_file = config.spec if recognised is not None else _required_spec(config)
    spec = make_spec(printable(config.checkpoint.stem), recognised or {}, spec_file)
    step = _step(config, {"family": ppocr.FAMILY} if recognised else {}, {"onnx": onnx.__version__})
    return adopt_onnx(config.checkpoint, config.output, spec, step, config.force, progress)


def _step(config: ImportConfig, options: dict[str, Any], tools: dict[str, str]) -> LineageStep:
    """The first step of the lineage; its parent is the third-party file."""
    named = {"checkpoint": printable(config.checkpoint.name), **options}
    return LineageStep(stage="import", options=named, parent_sha256=model_sha256(config.checkpoint), tools=tools)


def _required_spec(config: ImportConfig) -> Path:
    if config.spec is None:
        raise InputError(
            f"{config.checkpoint} needs a spec.",
            "It does not contain its charset. Of ONNX models, only some of PaddleOCR's do.",
            "Write a YAML file (keys: charset or charset_file, blank, preprocessing), and give it with --spec.",
        )
    return config.spec


def _refuse_artifact(config: ImportConfig) -> None:
    own = config.checkpoint.suffix in (".onnx", ".safetensors")
    if own and config.spec is None and read_spec(config.checkpoint) is not None:
        raise InputError(
            f"{config.checkpoint} is a crnn-deploy artifact already.", fix="Use it as it is; it needs no import."
        )
