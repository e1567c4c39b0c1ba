"""The verb `train`: a network from scratch, on labels."""

from __future__ import annotations

from typing import Any

import torch

from crnn_deploy.artifact import Artifact, open_artifact, write_safetensors
from crnn_deploy.data import Source
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.references import reference_texts, unknown_characters
from crnn_deploy.files import check_free, locate
from crnn_deploy.models import CrnnOptions, StudentChoice, crnn_spec, stride_of, student_spec
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.spec import LineageStep, ModelSpec, Preprocessing
from crnn_deploy.training.config import TrainConfig
from crnn_deploy.training.inputs import TrainingInputs, check_kind, open_inputs
from crnn_deploy.training.labels import check_labels, without_too_long
from crnn_deploy.training.losses import LossOptions, check_task, default_losses
from crnn_deploy.training.material import Material
from crnn_deploy.training.requirements import require_train_extra
from crnn_deploy.training.state import TrainingFolder, training_key
from crnn_deploy.validation import parse

_PATHS = {"data", "extra", "validation", "output", "force", "warm_start", "log"}
_HEIGHT = 32


def train(config: TrainConfig, progress: Progress = SILENT) -> Artifact:
    """Train a network of a known family on the labels of `config.data` and write it to `config.output`.

    An interrupted call goes on where it was when it is repeated with the same config. Under `torchrun` the processes
    share the work.

    Raises:
        InputError: if the data can't be used, the output can't be written, or the extra `train` is missing.
        GateError: if the training diverges.
    """
    _check_output(config)
    require_train_extra()
    from crnn_deploy.training.devices import start_fabric
    from crnn_deploy.training.fitting import fit_in_stages, fresh_network

    fabric = start_fabric(config.precision)
    progress = progress if fabric.is_global_zero else SILENT
    inputs = open_inputs(config, config, progress)
    spec = _spec(config, inputs.train)
    losses = _losses(config, spec)
    network = fresh_network(spec, config, progress)
    train_set, too_long = _checked(inputs, spec, progress)
    warm = open_artifact(locate(config.warm_start)) if config.warm_start else None
    images = inputs.facts()
    key = training_key(_options(config), warm and warm.sha256, images)
    with fabric.rank_zero_first():
        folder = TrainingFolder(config.output, key)
    material = Material(train_set, inputs.validation, losses)
    fitted = fit_in_stages(fabric, spec, network, material, config, None, folder, progress)
    if fabric.is_global_zero:
        notes = {**images, "too_long": too_long, "warm_start": warm and warm.sha256, **fitted.notes}
        step = LineageStep(stage="train", options=_options(config), tools={"torch": torch.__version__}, notes=notes)
        metrics = {"validation": {"error": fitted.error}}
        finished = spec.model_copy(update={"lineage": (step,), "metrics": metrics})
        write_safetensors(config.output, fitted.weights, finished, config.force)
        folder.remove()
    fabric.barrier()
    return open_artifact(config.output)


def _check_output(config: TrainConfig) -> None:
    if config.output.suffix != ".safetensors":
        fix = f"-o {config.output.with_suffix('.safetensors')}" if config.output.name else "Name a file with -o."
        raise InputError(f"The output {config.output} must end in .safetensors.", fix=fix)
    check_free(config.output, config.force)


def _spec(config: TrainConfig, source: Source) -> ModelSpec:
    """The network of the config, with the alphabet or the classes of the source."""
    name = config.output.name.split(".")[0]
    like = _like(config, name, source)
    if config.model.startswith("crnn-"):
        options = parse(CrnnOptions, config.architecture, f"architecture options of {config.model}")
        return crnn_spec(name, config.model, options, like)  # type: ignore[arg-type]
    choice = parse(StudentChoice, {"family": config.model, **config.architecture}, f"options of {config.model}")
    return student_spec(name, choice, like)


def _like(config: TrainConfig, name: str, source: Source) -> ModelSpec:
    """What the network has to be: its task, what it can answer, and what it looks at."""
    if source.kind == "unlabelled":
        raise InputError(
            f"{source.name} has no labels.",
            "Training from scratch needs them.",
            "Give labelled images, or let a teacher read them: crnn-deploy distill.",
        )
    if source.kind == "class":
        width, height = source.image(0).size
        seen = Preprocessing(channels=config.channels, height=_HEIGHT, width=max(1, round(width * _HEIGHT / height)))
        return ModelSpec(name=name, task="classify", class_names=source.class_names, preprocessing=seen)
    characters = config.charset or tuple(sorted({c for i in range(len(source)) for c in source.text(i)}))
    if not characters:
        raise InputError(f"All labels of {source.name} are empty.", fix="Write the text of each image in labels.tsv.")
    seen = Preprocessing(channels=config.channels, height=_HEIGHT)
    return ModelSpec(name=name, charset=characters, preprocessing=seen)


def _losses(config: TrainConfig, spec: ModelSpec) -> tuple[LossOptions, ...]:
    taught = [loss.kind for loss in config.losses if loss.reads == "teachers"]
    if taught:
        raise InputError(f"The loss '{taught[0]}' needs a teacher.", fix="Use crnn-deploy distill.")
    check_task(config.losses, spec.task)
    return config.losses or default_losses(spec.task, labels=True, teachers=0)


def _checked(inputs: TrainingInputs, spec: ModelSpec, progress: Progress) -> tuple[Source, list[str]]:
    """The training images that can be learned from, and the names of those whose labels are too long."""
    check_kind(inputs.validation, spec.task, spec.name)
    check_labels(inputs.train, spec)
    if spec.task == "classify":
        return inputs.train, []
    unknown_characters(reference_texts(inputs.validation, spec), spec, inputs.validation.name)
    return without_too_long(inputs.train, spec, stride_of(spec), progress)


def _options(config: TrainConfig) -> dict[str, Any]:
    """Those of `TrainOptions`: what shapes the result, without paths."""
    return config.model_dump(mode="json", exclude=_PATHS)
