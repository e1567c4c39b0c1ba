"""From a network, data and losses to trained weights: what `train` and `distill` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact, open_artifact, read_safetensors, write_safetensors
from crnn_deploy.data.source import Source
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.evaluation.evaluate import evaluate_session
from crnn_deploy.models.assembly import build, stride_of
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingSet
from crnn_deploy.training.config import DistillConfig, QatOptions, TrainConfig, TrainingOptions
from crnn_deploy.training.devices import start_fabric
from crnn_deploy.training.logs import TrainingLog
from crnn_deploy.training.loop import Trainer
from crnn_deploy.training.losses.building import build_loss
from crnn_deploy.training.material import Material
from crnn_deploy.training.objective import Objective
from crnn_deploy.training.qat.quantization_aware import QuantizationAware
from crnn_deploy.training.soup import averaged
from crnn_deploy.training.state import TrainingFolder
from crnn_deploy.training.teachers.tapping import HeadTap

_RANGE_BATCHES = 16  # that quantization-aware training takes the ranges of activations from


@dataclass(frozen=True)
class Fitted:
    """Trained weights, the lowest error on validation, and what the lineage tells of the way there."""

    weights: dict[str, Tensor]
    error: float
    notes: dict[str, Any]


def fit_in_stages(
    fabric: Fabric,
    spec: ModelSpec,
    network: nn.Module,
    material: Material,
    options: TrainingOptions,
    qat: QatOptions | None,
    folder: TrainingFolder,
    progress: Progress,
) -> Fitted:
    """Train `network`, or a soup of it; then, if asked for, go on with the rounding of INT8 in it.

    Raises:
        GateError: if the loss is no longer finite.
    """
    members = []
    for number in range(options.soup):
        if options.soup > 1:
            progress.log(f"training {number + 1} of the {options.soup} whose weights are averaged")
        seeded = options.model_copy(update={"seed": options.seed + number})
        stage = f"training-{number + 1}" if number else "training"
        members.append(fit(fabric, spec, deepcopy(network), material, seeded, folder, stage, progress))
    fitted = members[0] if options.soup == 1 else _mixed(fabric, spec, members, material.validation, progress)
    if qat is None:
        return fitted
    return _finish_quantized(spec, fitted, material, options, qat, folder, progress)


def _mixed(
    fabric: Fabric, spec: ModelSpec, members: Sequence[Fitted], validation: Source, progress: Progress
) -> Fitted:
    """The members' average; or the best of them, where it reads worse than they do and so can't lie between them."""
    weights = averaged([member.weights for member in members])
    network = build(spec)
    network.load_state_dict(weights)
    error = float(fabric.broadcast(_validator(spec, validation)(network.eval()) if fabric.is_global_zero else 0.0))
    best = min(members, key=lambda member: member.error)
    told = ", ".join(f"{member.error:.2%}" for member in members)
    progress.log(f"validation errors {told}; of their average {error:.2%}")
    notes = {**best.notes, "soup": {"members": [round(m.error, 6) for m in members], "average": round(error, 6)}}
    usual = sum(member.error for member in members) / len(members)
    return Fitted(weights, error, notes) if error <= usual else replace(best, notes=notes)


def _finish_quantized(
    spec: ModelSpec,
    fitted: Fitted,
    material: Material,
    options: TrainingOptions,
    qat: QatOptions,
    folder: TrainingFolder,
    progress: Progress,
) -> Fitted:
    """Go on from `fitted` with the rounding of INT8 in the network; its errors on validation are those of INT8."""
    network = build(spec)
    network.load_state_dict(fitted.weights)
    gentler = options.model_copy(update={"epochs": qat.epochs, "learning_rate": qat.learning_rate})
    images = [b.images for b in islice(_training_set((0, 1), spec, material, gentler).epoch(0), _RANGE_BATCHES)]
    rounding = QuantizationAware(network, images[0])
    for more in images[1:]:
        rounding.observe(more)
    progress.log("going on with the rounding of INT8")
    lasting = [loss for loss in material.losses if loss.until is None]
    end = replace(material, losses=lasting or material.losses)
    # BF16 would round more coarsely than INT8 does.
    finished = fit(start_fabric("fp32"), spec, network, end, gentler, folder, "qat", progress)
    return Fitted(finished.weights, finished.error, {**fitted.notes, "qat_history": finished.notes["history"]})


def fit(
    fabric: Fabric,
    spec: ModelSpec,
    network: nn.Module,
    material: Material,
    options: TrainingOptions,
    folder: TrainingFolder,
    stage: str,
    progress: Progress,
) -> Fitted:
    """Train `network`, going on where an earlier call with the same folder and stage was interrupted."""
    torch.manual_seed(options.seed)
    tap = HeadTap(network, spec.num_outputs, spec.name)
    trainer = Trainer(
        fabric=fabric,
        network=network,
        tap=tap,
        data=_training_set((fabric.global_rank, fabric.world_size), spec, material, options),
        objective=_objective(spec, material, tap.size),
        validate=_validator(spec, material.validation),
        options=options,
        folder=folder,
        stage=stage,
        log=TrainingLog(folder.log / stage, options.log if fabric.is_global_zero else ()),
        progress=progress,
    )
    weights = trainer.train()
    trainer.log.close()
    notes = {"training_precision": fabric.strategy.precision.precision, "history": trainer.history}
    return Fitted(weights, trainer.best_error, notes)


def fresh_network(spec: ModelSpec, seed: int, warm_start: Artifact | None, progress: Progress) -> nn.Module:
    """The network of `spec` with random weights of the seed, or those of `warm_start` as far as they fit.

    Raises:
        InputError: if nothing of the warm start fits.
    """
    torch.manual_seed(seed)
    network = build(spec)
    if warm_start is None:
        return network
    ready = read_safetensors(warm_start.path)
    own = network.state_dict()
    fitting = {name: value for name, value in ready.items() if name in own and own[name].shape == value.shape}
    if not any(value.ndim > 1 for value in fitting.values()):  # biases and counters may fit any network
        raise InputError(
            f"No weight of {warm_start.path} fits {spec.name}.",
            "It is another architecture, or of another size.",
            "Give an artifact of the same family, width and hidden size.",
        )
    network.load_state_dict(fitting, strict=False)
    learned = sum(p.numel() for name, p in network.named_parameters() if name in fitting)
    share = learned / sum(p.numel() for p in network.parameters())
    progress.log(f"{share:.0%} of the parameters start from {warm_start.path}")
    return network


def open_folder(fabric: Fabric, output: Path, key: str) -> TrainingFolder:
    """The folder of a training in which all processes take part.

    Raises:
        InputError: if their keys differ: steps taken together would not be the same ones.
    """
    if fabric.broadcast(key) != key:
        raise InputError(
            "The processes of this training don't have the same material.",
            "Their images differ, or a teacher answers differently on another machine.",
            "Give all machines the same files and, by CRNN_DEPLOY_CACHE in a shared folder, the same answers.",
        )
    with fabric.rank_zero_first():
        return TrainingFolder(output, key)


def write_fitted(
    fabric: Fabric, spec: ModelSpec, fitted: Fitted, config: TrainConfig | DistillConfig, folder: TrainingFolder
) -> Artifact:
    """Write what a finished training made, and remove what it needed to go on; all processes open it then."""
    if fabric.is_global_zero:
        finished = spec.model_copy(update={"metrics": {"validation": {"error": fitted.error}}})
        write_safetensors(config.output, fitted.weights, finished, config.force)
        folder.remove()
    fabric.barrier()
    return open_artifact(config.output)


def _training_set(shard: tuple[int, int], spec: ModelSpec, material: Material, options: TrainingOptions) -> TrainingSet:
    return TrainingSet(
        source=material.train,
        spec=spec,
        stride=stride_of(spec) if spec.task == "ctc" else 0,
        batch_size=options.batch_size,
        augmentation=options.augmentation,
        use_labels=any(loss.reads == "labels" for loss in material.losses),
        teachers=material.teachers,
        seed=options.seed,
        shard=shard,
    )


def _objective(spec: ModelSpec, material: Material, features: int) -> Objective:
    shown = [answers[0].features for answers in material.teachers]
    sizes = [0 if of_teacher is None else of_teacher.shape[-1] for of_teacher in shown]
    return Objective([(loss, build_loss(loss, spec, features, sizes)) for loss in material.losses], spec)


def _validator(spec: ModelSpec, validation: Source) -> Callable[[nn.Module], float]:
    """Error on the validation set: case-insensitive CER, or 1 - top-1."""
    options = EvaluateOptions(resamples=1)

    def validate(model: nn.Module) -> float:
        accuracy = evaluate_session(TorchSession(model, spec), validation, options).accuracy
        error = accuracy.cer_ci if accuracy.cer_ci is not None else 1 - (accuracy.top1 or 0.0)
        return float(error)

    return validate
