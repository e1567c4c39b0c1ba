"""The materials of the study: data sets, their teachers, and the options of their students."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from methods import FOR_CLASSES, FOR_LINES, Method
from part_of_tar import write_part

from crnn_deploy.api import import_checkpoint
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.files import locate
from crnn_deploy.models.config import CrnnChoice, StudentChoice
from crnn_deploy.progress import Progress
from crnn_deploy.training.train import train
from crnn_deploy.training.train_config import TrainConfig

_SMALL = StudentChoice(family="mobilenet-v4-gru", width=0.5, hidden=64)
# The labels of the receipts have only capitals; with small letters, labels and teacher would contradict each other.
_CAPITALS = string.digits + string.ascii_uppercase + string.punctuation + " "


@dataclass(frozen=True)
class Material:
    """One data set of the study; paths are relative to the folder of all data.

    Args:
        teacher: a checkpoint to import, or options of `train`.
        student: options of every distillation.
        figures: by which the methods are compared.
        sampled: number of training images, drawn once for all runs; None: all.
        evaluated: number of evaluation images, from the first on; None: all.
    """

    name: str
    train: str
    evaluation: str
    teacher: str | Mapping[str, Any]
    student: Mapping[str, Any]
    figures: Sequence[str]
    methods: Sequence[Method]
    sampled: int | None = None
    evaluated: int | None = None


MATERIALS = (
    Material(
        name="sroie_lines",
        train="sroie_lines/train.tar",
        evaluation="sroie_lines/val.tar",
        teacher="package:rapidocr/models/PP-OCRv6_rec_small.onnx",
        student={
            "student": _SMALL,
            "charset": _CAPITALS,
            "channels": "L",
            "epochs": 8,
            "learning_rate": 3e-3,
        },
        figures=("cer_ci", "word_accuracy_ci"),
        methods=FOR_LINES,
        sampled=2000,
        evaluated=2000,
    ),
    Material(
        name="captcha_v2",
        train="captcha_v2/train.tar",
        evaluation="captcha_v2/val.tar",
        teacher={
            "model": CrnnChoice(family="crnn-bilstm", width=0.5, hidden=128, layers=1),
            "epochs": 20,
            "batch_size": 8,
            "learning_rate": 2e-3,
            "augmentation": 0.5,
        },
        student={"student": _SMALL, "epochs": 15, "batch_size": 8, "augmentation": 0.5},
        figures=("word_accuracy", "cer"),
        methods=FOR_LINES,
        sampled=300,  # with all 675, every student reads all captchas but one or two
    ),
    Material(
        name="cifar100",
        train="cifar100/train_10000.npz",
        evaluation="cifar100/val_2000.npz",
        teacher={
            "model": StudentChoice(family="mobilenet-v4-gru"),
            "channels": "RGB",
            "epochs": 8,
            "batch_size": 48,
            "augmentation": 0.5,
        },
        student={"student": _SMALL, "epochs": 6, "batch_size": 48, "augmentation": 0.5},
        figures=("top1",),
        methods=FOR_CLASSES,
    ),
)


def training_data(material: Material, data: Path, work: Path) -> str:
    """The location of the training images: those of the material, or a sample that is written to `work` once."""
    all_images = data / material.train
    if material.sampled is None:
        return str(all_images)
    part = work / f"{material.name}-{material.sampled}.tar"
    if not part.exists():
        chosen = sample(open_source(str(all_images)), material.sampled, seed=0)
        write_part(all_images, [(chosen.item_name(i), chosen.text(i)) for i in range(len(chosen))], part)
    return str(part)


def teacher_of(material: Material, data: Path, work: Path, progress: Progress) -> Path:
    """The teacher's artifact in `work`, which is trained or imported if it is missing."""
    trained = isinstance(material.teacher, Mapping)
    path = work / f"{material.name}-teacher{'.safetensors' if trained else '.onnx'}"
    if path.exists():
        return path
    progress.log(f"the teacher of {material.name}")
    if isinstance(material.teacher, Mapping):
        train(TrainConfig(data=str(data / material.train), output=path, **material.teacher), progress)
    else:
        import_checkpoint(ImportConfig(checkpoint=locate(material.teacher), output=path), progress)
    return path
