"""A source in memory and a session that "reads" it, so that each test decides what the model says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.sources.base import Kind
from crnn_deploy.data.sources.measured import Measured
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction
from crnn_deploy.spec import ModelSpec


@dataclass
class MemorySource(Measured):
    """Image i is plain grey of level i, and wider than its neighbour, so that batches mix the order up."""

    labels: Sequence[str] = ()
    kind: Kind = "text"
    class_names: tuple[str, ...] = ()
    broken: frozenset[int] = frozenset()
    name: str = "memory"

    def __len__(self) -> int:
        return len(self.labels)

    def item_name(self, index: int) -> str:
        return f"image{index}.png"

    def text(self, index: int) -> str:
        return self.labels[index] if self.kind == "text" else ""

    def class_index(self, index: int) -> int:
        return self.class_names.index(self.labels[index]) if self.kind == "class" else -1

    def image(self, index: int) -> Image.Image:
        if index in self.broken:
            raise InputError(f"The image {self.item_name(index)} is broken.")
        return Image.new("L", (8 + 16 * (index * 7 % 5), 8), index)

    def content_hash(self, index: int) -> bytes:
        return hashlib.blake2b(self.item_name(index).encode(), digest_size=16).digest()


class ReadingSession:
    """Says `answers[i]` about image i of a `MemorySource`."""

    runtime = "fake"

    def __init__(self, spec: ModelSpec, answers: Sequence[str]) -> None:
        self.spec = spec
        self.answers = answers

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        said = [self.answers[index] for index in np.rint(images[:, 0, 0, 0] * 255).astype(int)]
        if self.spec.task == "classify":
            return np.eye(self.spec.num_outputs, dtype=np.float32)[[self.spec.class_names.index(s) for s in said]]
        paths = np.full((len(said), 40), self.spec.blank)
        for path, text in zip(paths, said, strict=True):
            path[1 : 2 * len(text) : 2] = [self.spec.alphabet.index(c) for c in text]
        return 10 * np.eye(self.spec.num_outputs, dtype=np.float32)[paths]


@pytest.fixture
def memory_source() -> type[MemorySource]:
    return MemorySource


@pytest.fixture
def reading_session() -> type[ReadingSession]:
    return ReadingSession


@pytest.fixture(scope="session")
def evaluation_of() -> Callable[[Sequence[str], Sequence[str]], Evaluation]:
    """An `Evaluation` of given references and texts."""

    def make(references: Sequence[str], texts: Sequence[str]) -> Evaluation:
        pairs = enumerate(zip(references, texts, strict=True))
        return Evaluation(
            artifact="model.onnx",
            runtime="fake",
            dataset=DatasetFacts(name="memory", count=len(references), kind="text", fingerprint="0"),
            accuracy=Accuracy(ci95={}, count=len(references)),
            predictions=tuple(Prediction(item=f"{i}.png", reference=r, text=t) for i, (r, t) in pairs),
        )

    return make
