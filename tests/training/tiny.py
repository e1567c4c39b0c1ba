"""A tiny world to train in: lines of two to four letters in Pillow's own font, and how to train on them in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image, ImageDraw

from crnn_deploy.artifact import Artifact
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import Silent
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.train_config import TrainConfig

T = TypeVar("T")

ALPHABET = "ABCD"
STUDENT = {"width": 0.25, "hidden": 24}
CLASSES = ModelSpec(
    name="teacher", task="classify", class_names=("0", "1"), preprocessing=Preprocessing(height=16, width=16)
)
CRNN = {"family": "crnn-bigru", "width": 0.125, "hidden": 24, "layers": 1}
_QUICK = {"batch_size": 10, "ema_decay": 0.9, "precision": "fp32", "learning_rate": 6e-3}


def draw_lines(folder: Path, count: int, seed: int, labelled: bool = True) -> Path:
    """A folder of lines, with a labels.tsv if wanted."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        text = "".join(rng.choice(list(ALPHABET), rng.integers(2, 5)))
        image = Image.new("L", (14 * len(text) + 8, 24), 255)
        ImageDraw.Draw(image).text((4 + rng.integers(0, 3), 2 + rng.integers(0, 3)), text, 20, font_size=16)
        grain = rng.integers(0, 20, (image.height, image.width), np.uint8)  # so that no two lines are the same image
        Image.fromarray(np.asarray(image) - grain).save(folder / f"{i:03d}.png")
        rows.append(f"{i:03d}.png\t{text}\n")
    if labelled:
        (folder / "labels.tsv").write_text("".join(rows))
    return folder


def draw_classes(path: Path, count: int = 80, seed: int = 0) -> Path:
    """Noise of two classes: the second is bright on the right."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2, count)
    images = rng.integers(0, 90, (count, 16, 16), np.uint8)
    images[classes == 1, :, 8:] += 150
    np.savez(path, x=images, y=classes)
    return path


def distill_config(teacher: Artifact | list[Artifact], data: Path, output: Path, **options: Any) -> DistillConfig:
    teachers = [artifact.path for artifact in (teacher if isinstance(teacher, list) else [teacher])]
    fields = {"teachers": teachers, "data": str(data), "output": output, "student": STUDENT, **_QUICK, **options}
    return DistillConfig.model_validate(fields)


def train_config(data: Path, output: Path, **options: Any) -> TrainConfig:
    fields = {"data": str(data), "output": output, "model": CRNN, **_QUICK, **options}
    return TrainConfig.model_validate(fields)


def history(made: Artifact) -> list[dict[str, Any]]:
    """What the last training of an artifact noted of each epoch."""
    points: list[dict[str, Any]] = made.spec.lineage[-1].notes["history"]
    return points


def error_of(artifact: Artifact, data: Path) -> float:
    """CER, or 1 - top-1."""
    accuracy = evaluate(EvaluateConfig(artifact=artifact.path, data=str(data))).accuracy
    if accuracy.cer is not None:
        return float(accuracy.cer)
    assert accuracy.top1 is not None
    return 1 - float(accuracy.top1)


class StopAfter(Silent):
    """Interrupts work after some of its items, as Ctrl-C would.

    Args:
        stage: how many works of this description come before it.
    """

    def __init__(self, items: int, description: str = "Training", stage: int = 0) -> None:
        self.items = items
        self.description = description
        self.stage = stage

    def track(self, items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
        meant = description.startswith(self.description) and self.stage == 0
        self.stage -= description.startswith(self.description)
        for number, item in enumerate(items):
            if meant and number == self.items:
                raise KeyboardInterrupt
            yield item
