"""`import`: convert a third-party checkpoint to an artifact with a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx

from crnn_deploy.artifact import Artifact, read_onnx, read_spec, write_safetensors
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.families.family import OnnxRecognised
from crnn_deploy.checkpoints.families.onnx_catalogue import ONNX
from crnn_deploy.checkpoints.onnx.adoption import adopt_onnx
from crnn_deploy.checkpoints.spec_file import make_spec
from crnn_deploy.errors import InputError
from crnn_deploy.files import check_output, printable, require_file
from crnn_deploy.onnx_graph.external_data import model_sha256
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.spec import LineageStep


def import_checkpoint(config: ImportConfig, progress: Progress = SILENT) -> Artifact:
    """Import a state dict of a supported family or the user's own network, a known ONNX model, or an ONNX with a spec.

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
    return _import_torch(config, progress)


def _import_torch(config: ImportConfig, progress: Progress) -> Artifact:
    import torch  # takes seconds to load, and ONNX files don't need it

    from crnn_deploy.checkpoints.pytorch.network import load_detected, load_own, tried_out

    if config.module:
        spec, model = load_own(config.checkpoint, config.module, _required_spec(config), progress)
        options = {"module": config.module}
    else:
        detected = load_detected(config.checkpoint, config.family or "", config.lang or "", config.spec)
        progress.log(f"Recognised as {detected.family}: {detected.reason}.")
        spec, model, options = detected.spec, detected.model, {"family": detected.family}
    spec = tried_out(model, spec, progress)
    step = _step(config, options, {"torch": torch.__version__})
    return write_safetensors(config.output, model.state_dict(), spec.after(step), config.force)


def _import_onnx(config: ImportConfig, progress: Progress) -> Artifact:
    if config.module:
        raise InputError("--module goes with PyTorch weights; an ONNX model needs no code.", fix="Leave out --module.")
    family, recognised = _recognised_onnx(config)
    if recognised is not None:
        progress.log(f"Recognised as {family}: {recognised.reason}.")
    spec_file = config.spec if recognised is not None else _required_spec(config)
    spec = make_spec(printable(config.checkpoint.stem), recognised.fields if recognised else {}, spec_file)
    step = _step(config, {"family": family} if recognised else {}, {"onnx": onnx.__version__})
    return adopt_onnx(config.checkpoint, config.output, spec, step, config.force, progress)


def _recognised_onnx(config: ImportConfig) -> tuple[str, OnnxRecognised | None]:
    """The first family that an ONNX model is of, or the one that the user names; an empty name and None for others.

    Raises:
        InputError: if it is not of the family that the user names.
    """
    model = read_onnx(config.checkpoint)
    candidates = [family for family in ONNX if config.family in (None, family.name)]
    for family in candidates:
        recognised = family.recognise(model, config.checkpoint, config.lang or "")
        if recognised is not None:
            return family.name, recognised
    if config.family is not None:
        raise InputError(
            f"{config.checkpoint} is no ONNX model of the family {config.family}.",
            f"Known of ONNX are {', '.join(family.name for family in ONNX)}.",
            "Leave out --family, and give a spec with --spec.",
        )
    return "", None


def _step(config: ImportConfig, options: dict[str, Any], tools: dict[str, str]) -> LineageStep:
    """The first step of the lineage; its parent is the third-party file."""
    named = {"checkpoint": printable(config.checkpoint.name), **options}
    return LineageStep(stage="import", options=named, parent_sha256=model_sha256(config.checkpoint), tools=tools)


def _required_spec(config: ImportConfig) -> Path:
    if config.spec is None:
        raise InputError(
            f"{config.checkpoint} needs a spec.",
            "It is of no known family, and does not contain its charset.",
            "Write a YAML file (keys: charset or charset_file, blank, preprocessing), and give it with --spec.",
        )
    return config.spec


def _refuse_artifact(config: ImportConfig) -> None:
    own = config.checkpoint.suffix in (".onnx", ".safetensors")
    if own and config.spec is None and read_spec(config.checkpoint) is not None:
        raise InputError(
            f"{config.checkpoint} is a crnn-deploy artifact already.", fix="Use it as it is; it needs no import."
        )
