"""The verb `train`: train a network from scratch on labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.data.picture import seen_size
from crnn_deploy.data.sources.base import Source, text_blocks
from crnn_deploy.errors import InputError
from crnn_deploy.files import check_output, locate
from crnn_deploy.models.config import CrnnChoice
from crnn_deploy.models.crnn import crnn_spec
from crnn_deploy.models.line_spec import HEIGHT
from crnn_deploy.models.pictures.config import FramesGru, PictureChoice, PictureOptions
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.ranks import Ranks, connected_ranks
from crnn_deploy.spec import LineageStep, ModelSpec
from crnn_deploy.text_encoding import characters_of, normalized
from crnn_deploy.text_order import TextOrder, runs_right_to_left, to_display
from crnn_deploy.training.augmentation.choosing import check_augmentation
from crnn_deploy.training.folder import open_folder, training_key
from crnn_deploy.training.inputs import Vector, check_labels_fit, open_inputs
from crnn_deploy.training.labels import without_too_long
from crnn_deploy.training.losses.building import check_losses, default_losses
from crnn_deploy.training.losses.options import LossOptions
from crnn_deploy.training.material import Material
from crnn_deploy.training.requirements import require_train_extra
from crnn_deploy.training.reservation import training_reservation
from crnn_deploy.training.train_config import TrainConfig
from crnn_deploy.training.training_setup import TrainingSetup
from crnn_deploy.training.vector import names_at, vector_of
from crnn_deploy.vector import VectorNumber

if TYPE_CHECKING:  # of the extra `train`
    from lightning_fabric import Fabric

_LARGEST = 256  # pixels of a side of pictures that a network sees at their own size


def train(config: TrainConfig, progress: Progress = SILENT) -> Artifact:
    """Train a network of a known family on the labels of `config.data` and write it to `config.output`.

    An interrupted training continues when the call is repeated with the same config. Under `torchrun` the processes
    share the work.

    Raises:
        InputError: if the data can't be used, the output can't be written, or the extra `train` is missing.
        GateError: if the training diverges.
    """
    check_output(config.output, config.force, ".safetensors")
    require_train_extra(config.log)
    from crnn_deploy.training.devices import start_fabric

    fabric = start_fabric(config.precision)
    with connected_ranks() as ranks:
        return _train(config, fabric, ranks, progress if ranks.first else SILENT)


def _train(config: TrainConfig, fabric: Fabric, ranks: Ranks, progress: Progress) -> Artifact:
    from crnn_deploy.training.finished_artifact import write_fitted
    from crnn_deploy.training.stages import fit_in_stages
    from crnn_deploy.training.warm_start import initial_network

    names = names_at(config.data, config.vector)
    inputs = open_inputs(config, True, progress, Vector(names), ranks)
    for source in (*inputs.parts, inputs.validation):
        _check_labelled(source)
    spec = _spec(config, inputs.train, vector_of(inputs.train, names))
    losses = _losses(config, spec)
    warm = open_artifact(locate(config.warm_start)) if config.warm_start else None
    network = initial_network(spec, config.seed, warm, progress)
    check_labels_fit(inputs, spec, reads_labels=True)
    train_set, too_long = without_too_long(inputs.train, spec, progress)
    images = inputs.facts()
    key = training_key(config.shaping(), warm and warm.sha256, images)
    folder = open_folder(fabric, config.output, key)
    material = Material(train_set, inputs.validation, losses)
    setup = TrainingSetup(fabric, spec, material, config, folder, progress, ranks)
    fitted = fit_in_stages(setup, network)
    notes = {**images, "too_long": too_long, "warm_start": warm and warm.sha256, **fitted.notes}
    step = LineageStep(stage="train", options=config.shaping(), tools={"torch": torch.__version__}, notes=notes)
    return write_fitted(setup, spec.after(step.reserved(training_reservation("", fitted.error, spec))), fitted, config)


def _check_labelled(source: Source) -> None:
    if source.kind == "unlabelled":
        raise InputError(
            f"{source.name} has no labels.",
            "Training from scratch needs them.",
            "Give labelled images (names:FOLDER where file names are labels), or use the readings of a teacher: "
            "crnn-deploy distill.",
        )


def _spec(config: TrainConfig, source: Source, vector: tuple[VectorNumber, ...]) -> ModelSpec:
    """The network of the config, with the charset or the classes of the source, and the vector beside its pictures."""
    name = config.output.name.split(".")[0]
    if isinstance(config.model, PictureOptions):
        return _picture_spec(config, config.model, name, source, vector)
    if config.clips is not None:
        raise _sees_no_clips(config.model.family)
    if config.size is not None and (isinstance(config.model, CrnnChoice) or source.kind != "class"):
        raise InputError(
            f"{config.model.family} sees lines of {HEIGHT} pixels of height, so --size {config.size} has no effect.",
            fix="Leave out --size, or train a network for pictures, such as --model cnn-gru.",
        )
    like = _like(config, name, source, vector)
    if isinstance(config.model, CrnnChoice):
        return crnn_spec(name, config.model, like)
    return student_spec(name, config.model, like)


def _picture_spec(
    config: TrainConfig, model: PictureChoice, name: str, source: Source, vector: tuple[VectorNumber, ...]
) -> ModelSpec:
    """The network of the config for the classes of the source."""
    if source.kind != "class":
        raise InputError(
            f"{model.family} names classes, and {source.name} has lines of text.",
            fix="Train crnn-bilstm, crnn-bigru or a student; or give pictures in a folder for each class.",
        )
    if config.clips is not None and not isinstance(model, FramesGru):
        raise _sees_no_clips(model.family)
    size = _picture_size(config, source)
    return picture_spec(name, model, source.class_names, config.channels, size, clips=config.clips, vector=vector)


def _picture_size(config: TrainConfig, source: Source) -> tuple[int, int]:
    """Width and height of the pictures that the network sees: as the config says, or those of the first picture."""
    size = (config.size, config.size) if config.size else seen_size(source.image(0))
    if config.size is None and max(size) > _LARGEST:
        raise InputError(
            f"The first picture of {source.name} has {size[0]}×{size[1]} pixels, which is large for a network.",
            fix="Say how large the network should see pictures, such as --size 64.",
        )
    return size


def _sees_no_clips(family: str) -> InputError:
    return InputError(
        f"{family} sees single pictures, so --clips has no effect.",
        fix="Leave out --clips, or train a network for clips: --model frames-gru.",
    )


def _like(config: TrainConfig, name: str, source: Source, vector: tuple[VectorNumber, ...]) -> ModelSpec:
    """A spec with the task, the charset or the classes, and the preprocessing of the network."""
    if source.kind == "class":
        if isinstance(config.model, CrnnChoice):
            width, height = seen_size(source.image(0))
            width, height = max(1, round(width * HEIGHT / height)), HEIGHT
        else:
            width, height = _picture_size(config, source)
        seen = Preprocessing(channels=config.channels, height=height, width=width, vector=vector)
        return ModelSpec(name=name, task="classify", class_names=source.class_names, preprocessing=seen)
    order = config.text_order or _text_order(source)
    characters = config.charset or _characters(source, order)
    if not characters:
        raise InputError(f"All labels of {source.name} are empty.", fix="Write the text of each image in labels.tsv.")
    seen = Preprocessing(channels=config.channels, height=HEIGHT)
    return ModelSpec(name=name, charset=characters, text_order=order, preprocessing=seen)


def _text_order(source: Source) -> TextOrder:
    """Display order, if labels run from right to left: the frames of a line image run from left to right."""
    turned = any(runs_right_to_left("".join(characters_of("".join(texts)))) for _, texts in text_blocks(source))
    return "display" if turned else "logical"


def _characters(source: Source, order: TextOrder) -> tuple[str, ...]:
    """The characters of all labels in the default normal form, sorted; with the mirrored brackets of display order."""
    form = ModelSpec.model_fields["normal_form"].default
    characters: set[str] = set()
    for _, texts in text_blocks(source):
        if order == "display":
            characters.update(*(to_display(normalized(text, form)) for text in texts))
        else:
            characters |= characters_of(normalized("\n".join(texts), form))
    return tuple(sorted(characters - {"\n"}))


def _losses(config: TrainConfig, spec: ModelSpec) -> tuple[LossOptions, ...]:
    taught = [loss.kind for loss in config.losses if loss.reads == "teachers"]
    if taught:
        raise InputError(f"The loss '{taught[0]}' needs a teacher.", fix="Use crnn-deploy distill.")
    check_losses(config.losses, spec)
    losses = config.losses or default_losses(spec.task, labels=True, teachers=0)
    check_augmentation(config, losses, spec.task)
    return losses
