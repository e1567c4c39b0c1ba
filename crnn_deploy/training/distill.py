"""The verb `distill`: train a MobileNet-GRU student on the answers of teachers and on labels."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal

import torch

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.errors import InputError
from crnn_deploy.files import check_output, locate
from crnn_deploy.models.student import student_spec
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.ranks import Ranks, connected_ranks
from crnn_deploy.spec import LineageStep, ModelSpec
from crnn_deploy.text_order import runs_right_to_left
from crnn_deploy.training.augmentation.choosing import check_augmentation
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.folder import open_folder, training_key
from crnn_deploy.training.inputs import TrainingInputs, Vector, check_labels_fit, open_inputs
from crnn_deploy.training.labels import without_too_long
from crnn_deploy.training.losses.building import check_losses, default_losses
from crnn_deploy.training.losses.options import LossOptions
from crnn_deploy.training.material import Material
from crnn_deploy.training.readings import PseudoLabelled, with_readings
from crnn_deploy.training.requirements import require_train_extra
from crnn_deploy.training.reservation import teacher_reservation, training_reservation
from crnn_deploy.training.student_in_budget import check_budget_can_be_measured, with_student_in_budget
from crnn_deploy.training.teachers.asking import AskOptions, Teacher
from crnn_deploy.training.teachers.frame_rates import check_frame_rates
from crnn_deploy.training.teachers.partly_asked import PartlyAsked, items_to_ask
from crnn_deploy.training.training_setup import TrainingSetup

if TYPE_CHECKING:  # of the extra `train`
    from lightning_fabric import Fabric


def distill(config: DistillConfig, progress: Progress = SILENT) -> Artifact:
    """Train a student on the images of `config.data` with the help of teachers, and write it to `config.output`.

    An interrupted training continues when the call is repeated with the same config. Under `torchrun` the processes
    share the work.

    Raises:
        InputError: if teachers or data can't be used, the output can't be written, or the extra `train` is missing.
        GateError: if the training diverges.
    """
    for path in config.teachers:
        check_output(config.output, config.force, ".safetensors", path)
    check_budget_can_be_measured(config)
    require_train_extra(config.log)
    from crnn_deploy.training.devices import start_fabric

    artifacts = _open_teachers(config)
    config = with_student_in_budget(config, artifacts[0].spec, progress)
    fabric = start_fabric(config.precision)
    with connected_ranks() as ranks:
        return _distill(config, artifacts, fabric, ranks, progress if ranks.first else SILENT)


def _distill(
    config: DistillConfig, artifacts: list[Artifact], fabric: Fabric, ranks: Ranks, progress: Progress
) -> Artifact:
    from crnn_deploy.training.finished_artifact import write_fitted
    from crnn_deploy.training.stages import fit_in_stages
    from crnn_deploy.training.warm_start import initial_network

    spec = _student_spec(config, artifacts[0].spec)
    warm = open_artifact(locate(config.warm_start)) if config.warm_start else None
    network = initial_network(spec, config.seed, warm, progress)
    read = dict.fromkeys(name for artifact in artifacts for name in artifact.spec.preprocessing.vector_names)
    inputs = open_inputs(config, config.labels, progress, Vector(tuple(read), spec.class_names), ranks)
    losses = _losses(config, spec, inputs)
    reads_labels = _reads(losses, "labels")
    check_labels_fit(inputs, spec, reads_labels)
    with ExitStack() as stack:
        options = AskOptions(beam_width=config.beam_width, features=any(loss.kind == "features" for loss in losses))
        teachers = [stack.enter_context(Teacher(artifact, spec, options, ranks)) for artifact in artifacts]
        inputs = with_readings(inputs, reads_labels, teachers[0], config.confidence, progress)
        material, facts, taught = _material(inputs, config, losses, teachers, spec, progress)
        if taught:
            progress.log(f"! {artifacts[0].spec.name} {taught}.")
        key = training_key(config.shaping(), [a.sha256 for a in artifacts], warm and warm.sha256, facts)
        folder = open_folder(fabric, config.output, key)
        setup = TrainingSetup(fabric, spec, material, config, folder, progress, ranks)
        fitted = fit_in_stages(setup, network, config.qat)
    step = LineageStep(
        stage="distill",
        options=config.shaping(),
        parent_sha256=artifacts[0].sha256,
        tools={"torch": torch.__version__},
        notes={"warm_start": warm and warm.sha256, **facts, **fitted.notes},
    ).reserved(training_reservation(taught, fitted.error, spec))
    finished = spec.model_copy(update={"lineage": (*artifacts[0].spec.lineage, step)})
    return write_fitted(setup, finished, fitted, config)


def _open_teachers(config: DistillConfig) -> list[Artifact]:
    artifacts = [open_artifact(path, config.trust_module) for path in config.teachers]
    if len({artifact.sha256 for artifact in artifacts}) < len(artifacts):
        raise InputError("Two of the teachers are the same.", fix="Name each teacher once.")
    for artifact in artifacts[1:]:
        _check_alike(artifacts[0].spec, artifact.spec)
    return artifacts


def _check_alike(first: ModelSpec, other: ModelSpec) -> None:
    """Raise `InputError` unless two teachers have the same task, the same classes as classifiers, and one order."""
    if first.task != other.task:
        raise InputError(
            f"{first.name} is a {first.task} model, but {other.name} a {other.task} model.",
            fix="Give teachers of one task.",
        )
    if first.class_names != other.class_names:
        raise InputError(
            f"{other.name} has other classes than {first.name}, or another order of them.",
            "Charsets are mapped to each other, but classes are not.",
            "Give teachers with the same classes.",
        )
    if first.text_order != other.text_order and runs_right_to_left("".join((*first.charset, *other.charset))):
        raise InputError(
            f"{first.name} reads right-to-left text in {first.text_order} order, but {other.name} in "
            f"{other.text_order} order.",
            "A student can't learn both.",
            "Give teachers of one order; or import one again, if its spec names the wrong one (`text_order`).",
        )


def _student_spec(config: DistillConfig, teacher: ModelSpec) -> ModelSpec:
    name = config.output.name.split(".")[0]
    spec = student_spec(name, config.student, teacher, config.charset, config.height)
    if config.channels is None:
        return spec
    seen = spec.preprocessing.model_copy(update={"channels": config.channels})
    return spec.model_copy(update={"preprocessing": seen})


def _losses(config: DistillConfig, spec: ModelSpec, inputs: TrainingInputs) -> tuple[LossOptions, ...]:
    """The losses of the config, or those that suit the data.

    Raises:
        InputError: if a loss needs labels, and there are none or they are turned off.
    """
    losses = config.losses or default_losses(spec.task, inputs.labelled, len(config.teachers))
    check_losses(losses, spec)
    _check_ask_share(config, losses, spec, inputs)
    check_augmentation(config, losses, spec.task)
    without_labels = [loss.kind for loss in losses if loss.reads == "labels" and not inputs.labelled]
    if without_labels:
        raise InputError(
            f"The loss '{without_labels[0]}' needs labels.",
            f"{inputs.train.name} has none." if config.labels else "They are turned off.",
            "Leave it out, or give labelled images, for example as extra images.",
        )
    return losses


def _check_ask_share(
    config: DistillConfig, losses: Sequence[LossOptions], spec: ModelSpec, inputs: TrainingInputs
) -> None:
    """Raise `InputError` if teachers are asked for a part of the images, and the other images can't be learned from."""
    if config.ask_share is None:
        return
    if spec.task != "ctc" or any(loss.kind == "features" for loss in losses):
        raise InputError(
            f"With --ask-share {config.ask_share:g} only the losses frame-kl and pseudo-labels can teach.",
            "They can leave out lines that a teacher was not asked for; losses of classes and features can't.",
            "Leave out the share, so that teachers are asked for all images.",
        )
    if not _reads(losses, "labels"):
        raise InputError(
            "Lines that no teacher is asked for need a loss on labels.", fix="Add --loss ctc, or leave out --ask-share."
        )
    if any(part.kind == "unlabelled" for part in inputs.parts):
        raise InputError(
            "With --ask-share all lines need labels.",
            "Where labels are missing, the first teacher is asked for every line.",
            "Give labelled lines, or leave out --ask-share.",
        )


def _material(
    inputs: TrainingInputs,
    config: DistillConfig,
    losses: Sequence[LossOptions],
    teachers: Sequence[Teacher],
    spec: ModelSpec,
    progress: Progress,
) -> tuple[Material, dict[str, Any], str]:
    """What the student learns from, notes on it for the lineage, and a reservation about the teachers or empty."""
    reads_labels = _reads(losses, "labels")
    train, too_long = without_too_long(inputs.train, spec, progress) if reads_labels else (inputs.train, [])
    asks = _reads(losses, "teachers")
    items = items_to_ask(train, config.ask_share, progress) if asks and config.ask_share else None
    part = train if items is None else Subset(train, items)
    answers = [teacher.answers(part, progress) for teacher in teachers] if asks else []
    read = sum(len(part) for part in inputs.parts if isinstance(part, PseudoLabelled))
    asked = [teacher.artifact for teacher in (teachers if answers else teachers[:1] if read else [])]
    facts: dict[str, Any] = {
        "taught_by": {artifact.sha256: artifact.spec.name for artifact in asked},
        **inputs.facts(),
        "labels": reads_labels,
        "pseudo_labelled": read,
        "too_long": too_long,
    }
    if answers and spec.task == "ctc":
        frames_teach = any(loss.kind in ("frame-kl", "features") for loss in losses)
        facts["spikes_kept"] = check_frame_rates(answers, part, spec, frames_teach, progress)
    taught = next(filter(None, (teacher_reservation(each, part, spec) for each in answers)), "")
    taken = answers if items is None else [PartlyAsked(each, items, spec.blank) for each in answers]
    return Material(train, inputs.validation, losses, taken), facts, taught


def _reads(losses: Sequence[LossOptions], what: Literal["labels", "teachers"]) -> bool:
    return any(loss.reads == what for loss in losses)
