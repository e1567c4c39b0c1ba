"""Asks a teacher about images, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact
from crnn_deploy.config import Frozen
from crnn_deploy.data.batching import batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import Source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.evaluation.confidence import confidences
from crnn_deploy.evaluation.decoding import decode
from crnn_deploy.evaluation.reading import check_logits
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.spec import ModelSpec
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
        InputError: if it can't be run here, or its charset does not fit the student's.
    """

    def __init__(self, artifact: Artifact, student: ModelSpec, options: AskOptions) -> None:
        self.artifact = artifact
        self.student = student
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
            contents = [source.content_hash(index) for index in batch.indices]
            self._store.put(dict(zip(contents, self._answers(logits, features), strict=True)))
            yield from batch.indices

    def _answers(self, logits: NDArray[np.float32], features: NDArray[np.float32] | None) -> Iterator[Answer]:
        """What a batch of outputs says about each image."""
        spec = self.artifact.spec
        texts = decode(logits, spec, self.options.beam_width)
        shown = [None] * len(logits) if features is None else features
        for row in zip(log_probabilities(logits), texts, confidences(logits, spec), shown, strict=True):
            yield self._answer(*row)

    def _answer(
        self, output: NDArray[np.float32], reading: str, confidence: float, features: NDArray[np.float32] | None
    ) -> Answer:
        """The answer in the student's charset, from log-probabilities `[T, K]` of a line or `[K]` of a class."""
        if self._charset is None:
            best = np.array([int(output.argmax())])
            shown = None if features is None else features[None]
            return Answer(output[None], np.ones(1, bool), best, confidence, shown)
        frames, trusted = self._charset.frames(output)
        targets = self._charset.text(reading)
        return Answer(frames, trusted, np.array(targets or [], np.int64), confidence, features)
