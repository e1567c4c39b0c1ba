"""Asks a teacher about images, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact
from crnn_deploy.data import Source, Subset
from crnn_deploy.data.batching import Batch, batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.evaluation import check_logits
from crnn_deploy.evaluation.confidence import confidences
from crnn_deploy.evaluation.decoding import decode
from crnn_deploy.progress import Progress
from crnn_deploy.runtime import log_probabilities
from crnn_deploy.spec import Frozen, ModelSpec
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.charsets import CharsetMap
from crnn_deploy.training.teachers.model import TeacherModel
from crnn_deploy.training.teachers.store import AnswerStore

_BATCH_SIZE = 16


class AskOptions(Frozen):
    """How a teacher is asked."""

    beam_width: int | None = None  # of the decoder of its readings; None: greedy
    features: bool = False


class TeacherAnswers:
    """A teacher's answers for the images of one source, read from disk when asked for."""

    def __init__(self, store: AnswerStore, contents: Sequence[bytes]) -> None:
        self._store = store
        self._contents = contents

    def __len__(self) -> int:
        return len(self._contents)

    def __getitem__(self, item: int) -> Answer:
        return self._store[self._contents[item]]


class Teacher:
    """One teacher of a student; its answers can be read until it is closed.

    Raises:
        InputError: if it can't be run here, or its alphabet doesn't fit the student's.
    """

    def __init__(self, artifact: Artifact, student: ModelSpec, options: AskOptions) -> None:
        self.artifact = artifact
        self.options = options
        self._charset = CharsetMap(artifact.spec, student) if student.task == "ctc" else None
        key = repr((artifact.sha256, student.alphabet, student.class_names, options.model_dump(), _BATCH_SIZE))
        self._store = AnswerStore(hashlib.sha256(key.encode()).hexdigest()[:32])
        self._model: TeacherModel | None = None  # loaded for the first question

    def __enter__(self) -> Teacher:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def answers(self, source: Source, progress: Progress) -> TeacherAnswers:
        """What it says about each image of `source`: kept from earlier, or asked now.

        Raises:
            InputError: if an image is broken, outputs don't fit the spec, or the disk is full.
            GateError: if the teacher gives numbers that are not finite.
        """
        contents = [source.content_hash(i) for i in range(len(source))]
        missing = [i for i, content in enumerate(contents) if content not in self._store]
        if missing:
            progress.log(f"{len(missing):,} of {len(source):,} images are new to {self.artifact.spec.name}")
            self._ask(Subset(source, missing), progress)
        return TeacherAnswers(self._store, contents)

    def _ask(self, source: Source, progress: Progress) -> None:
        spec = self.artifact.spec
        self._model = self._model or TeacherModel(self.artifact, self.options.features)
        for _ in progress.track(self._asked(source), f"Asking {spec.name}", len(source)):
            pass

    def _asked(self, source: Source) -> Iterator[int]:
        """Each item of `source`, once its answer is kept."""
        assert self._model is not None
        spec = self.artifact.spec
        for batch in batches(source, Preprocessor(spec.preprocessing), _BATCH_SIZE):
            logits, features = self._model.run(batch.images)
            check_logits(logits, batch, source, spec)
            readings = enumerate(self._readings(batch, logits))
            self._store.put(
                {
                    source.content_hash(index): self._answer(row, features, output, reading, sure)
                    for row, (index, output, reading, sure) in readings
                }
            )
            yield from batch.indices

    def _readings(self, batch: Batch, logits: NDArray[np.float32]) -> list[tuple[int, NDArray[np.float32], str, float]]:
        spec = self.artifact.spec
        outputs = log_probabilities(logits)
        texts = decode(logits, spec, self.options.beam_width)
        return list(zip(batch.indices, outputs, texts, confidences(logits, spec), strict=True))

    def _answer(
        self, row: int, features: NDArray[np.float32] | None, output: NDArray[np.float32], reading: str, sure: float
    ) -> Answer:
        shown = None if features is None else features[row]
        if self._charset is None:
            best = np.array([int(output.argmax())])
            return Answer(output[None], np.ones(1, bool), best, sure, None if shown is None else shown[None])
        frames, trusted = self._charset.frames(output)
        targets = self._charset.text(reading)
        return Answer(frames, trusted, np.array(targets or [], np.int64), sure, shown)
