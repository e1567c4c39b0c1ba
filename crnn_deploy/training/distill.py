"""The verb `distill`: from a teacher artifact to a MobileNet-GRU student."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from crnn_deploy.artifact import Artifact, open_artifact, write_safetensors
from crnn_deploy.data import Source, fingerprint
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation import EvaluateOptions, evaluate_session
from crnn_deploy.files import check_output
from crnn_deploy.models import STRIDE, StudentOptions, build, student_spec
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime import Session, open_session
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import LineageStep, ModelSpec
from crnn_deploy.training.alignment import resample_frames, spike_agreement
from crnn_deploy.training.batches import TrainingSet
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.inputs import TrainingInputs, prepare
from crnn_deploy.training.objective import Objective
from crnn_deploy.training.pseudo_labels import PseudoLabelled
from crnn_deploy.training.state import TrainingFolder
from crnn_deploy.training.teacher import TeacherAnswers, ask_teacher

_AGREEMENT_SAMPLE = 500  # lines on which the loss by resampling is measured


def distill(config: DistillConfig, progress: Progress = SILENT) -> Artifact:
    """Train a student on `config.data`, guided by the teacher, and write it to `config.output`.

    An interrupted call goes on where it was when it is repeated with the same config.

    Raises:
        InputError: if teacher or data can't be used, the output can't be written, or the extra `train` is missing.
    """
    check_output(config.output, config.force, ".safetensors", config.teacher)
    _require_train_extra()
    from crnn_deploy.training.loop import Trainer

    teacher = open_artifact(config.teacher)
    spec = _student_spec(config, teacher.spec)
    inputs = prepare(config, spec, progress)
    facts = _facts(inputs)
    folder = TrainingFolder(config.output, _key(config, teacher, facts))
    session = open_session(teacher)
    answers = ask_teacher(session, inputs.train, folder.path, progress) if config.teacher_weight else None
    facts |= _resampling_facts(answers, inputs.train, spec, progress)

    torch.manual_seed(config.seed)
    trainer = Trainer(
        student=build(spec),
        data=_training_set(config, spec, inputs, answers),
        objective=Objective(spec, config),
        validate=_validator(spec, _labelled(inputs, session)),
        options=config,
        folder=folder,
        progress=progress,
    )
    weights = trainer.train()
    step = LineageStep(
        stage="distill",
        options=_options(config),
        parent_sha256=teacher.sha256,
        tools={"torch": torch.__version__},
        notes={**facts, "training_precision": trainer.precision, "history": trainer.history},
    )
    finished = spec.model_copy(
        update={"lineage": (*teacher.spec.lineage, step), "metrics": {"validation": {"error": trainer.best_error}}}
    )
    artifact = write_safetensors(config.output, weights, finished, config.force)
    folder.remove()
    return artifact


def _require_train_extra() -> None:
    if importlib.util.find_spec("lightning_fabric") is None:
        raise InputError("Training needs Lightning Fabric.", fix="pip install 'crnn-deploy[train]'")


def _student_spec(config: DistillConfig, teacher: ModelSpec) -> ModelSpec:
    options = StudentOptions(width=config.width, hidden=config.hidden, layers=config.layers)
    return student_spec(config.output.name.split(".")[0], config.student, options, teacher)


def _options(config: DistillConfig) -> dict[str, Any]:
    """Those of `DistillOptions`: what shapes the result, without paths."""
    return config.model_dump(mode="json", exclude={"teacher", "data", "validation", "output", "force"})


def _facts(inputs: TrainingInputs) -> dict[str, Any]:
    return {
        "training": {"images": len(inputs.train), "fingerprint": fingerprint(inputs.train)},
        "validation": {"images": len(inputs.validation), "fingerprint": fingerprint(inputs.validation)},
        "labels": inputs.use_labels,
        "skipped": list(inputs.skipped),
    }


def _key(config: DistillConfig, teacher: Artifact, facts: dict[str, Any]) -> str:
    """Fingerprint of everything that the student's weights depend on."""
    return hashlib.sha256(repr((_options(config), teacher.sha256, facts)).encode()).hexdigest()


def _training_set(
    config: DistillConfig, spec: ModelSpec, inputs: TrainingInputs, answers: TeacherAnswers | None
) -> TrainingSet:
    return TrainingSet(
        source=inputs.train,
        spec=spec,
        stride=STRIDE if spec.task == "ctc" else 0,
        batch_size=config.batch_size,
        augmentation=config.augmentation,
        use_labels=inputs.use_labels,
        teacher=answers,
        seed=config.seed,
    )


def _labelled(inputs: TrainingInputs, teacher: Session) -> Source:
    """The validation set; where its labels are missing or unwanted, with the teacher's reading instead."""
    wanted = inputs.use_labels or inputs.validation_given
    if inputs.validation.kind != "unlabelled" and wanted:
        return inputs.validation
    return PseudoLabelled(inputs.validation, teacher)


def _validator(spec: ModelSpec, validation: Source) -> Callable[[nn.Module], float]:
    """Error on the validation set: case-insensitive CER, or 1 - top-1."""
    options = EvaluateOptions(resamples=1)

    def validate(model: nn.Module) -> float:
        accuracy = evaluate_session(TorchSession(model, spec), validation, options).accuracy
        error = accuracy.cer_ci if accuracy.cer_ci is not None else 1 - (accuracy.top1 or 0.0)
        return float(error)

    return validate


def _resampling_facts(
    answers: TeacherAnswers | None, source: Source, spec: ModelSpec, progress: Progress
) -> dict[str, Any]:
    """How many of the teacher's characters survive at the student's frame rate, measured on a sample."""
    if answers is None or spec.task != "ctc":
        return {}
    kept = []
    for i in range(min(_AGREEMENT_SAMPLE, len(source))):
        frames = spec.preprocessing.padded_width(*source.image(i).size) // STRIDE
        kept.append(spike_agreement(answers[i], resample_frames(answers[i], frames, spec.blank), spec.blank))
    agreement = float(np.mean(kept))
    progress.log(f"{agreement:.1%} of the teacher's characters survive at the student's frame rate")
    return {"spikes_kept": round(agreement, 4)}
