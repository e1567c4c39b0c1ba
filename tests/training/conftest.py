"""A tiny world to train in: two-letter lines drawn with Pillow's own font, and a teacher that was never trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.models import StudentOptions, build, student_spec
from crnn_deploy.spec import ModelSpec, Preprocessing

ALPHABET = "ABCD"


def draw_lines(folder: Path, count: int, seed: int, labelled: bool = True) -> Path:
    """A folder of lines of two to four letters, with a labels.tsv if wanted."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        text = "".join(rng.choice(list(ALPHABET), rng.integers(2, 5)))
        image = Image.new("L", (14 * len(text) + 8, 24), 255)
        ImageDraw.Draw(image).text((4 + rng.integers(0, 3), 2 + rng.integers(0, 3)), text, 0, font_size=16)
        image.save(folder / f"{i:03d}.png")
        rows.append(f"{i:03d}.png\t{text}\n")
    if labelled:
        (folder / "labels.tsv").write_text("".join(rows))
    return folder


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return draw_lines(tmp_path / "lines", 40, seed=1)


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec(name="teacher", charset=ALPHABET, preprocessing=Preprocessing(height=32))


@pytest.fixture
def make_teacher(tmp_path: Path, spec: ModelSpec) -> Callable[[], Artifact]:
    """Gives a teacher artifact with seeded random weights."""

    def make() -> Artifact:
        torch.manual_seed(0)
        own = student_spec("teacher", "mobilenet-v4-gru", StudentOptions(width=0.25, hidden=16), spec)
        return write_safetensors(tmp_path / "teacher.safetensors", build(own).state_dict(), own, force=True)

    return make
