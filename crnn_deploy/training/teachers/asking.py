"""Asks a teacher for its answers, once for each image."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact
from crnn_deploy.config import Frozen
from crnn_deploy.data.batching import Batch, loaded
from crnn_deploy.data.distinct import distinct_contents
from crnn_deploy.data.index.facts import Contents
from crnn_deploy.data.overlap import digest_of_contents
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
from crnn_deploy.progress import Progress
from crnn_deploy.ranks import ALONE, Ranks
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.reading.decoding import beam_search, decode
from crnn_deploy.reading.read_images import check_logits
from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers.answers import ANSWERS_FORMAT, Answer
from crnn_deploy.training.teachers.charsets import CharsetMap
from crnn_deploy.training.teachers.likeliest import all_classes, likeliest
from crnn_deploy.training.teachers.model import TeacherModel
from crnn_deploy.training.teachers.questions import BATCH_SIZE, questions
from crnn_deploy.training.teachers.sharing import open_by_ranks, share_answers
from crnn_deploy.training.teachers.store import AnswerStore


class AskOptions(Frozen):
    """How a teacher is asked."""

    beam_width: int | None = None  # for decoding its readings; None: greedy
    features: bool = False


class TeacherAnswers:
    """A teacher's answers for the images of one source; each is read from disk when it is needed."""

    def __init__(self, store: AnswerStore, source: Source) -> None:
        self._store = store
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, item: int) -> Answer:
        (content,) = _contents(self._source, [item])
        return self._store[content]


class Teacher:
    """One teacher of a student; its answers can be read until it is closed.

    Args:
        ranks: the processes that ask together. Each asks for its share, and all can read all answers.

    Raises:
        InputError: if its charset does not fit the student's.
    """

    def __init__(self, artifact: Artifact, student: ModelSpec, options: AskOptions, ranks: Ranks = ALONE) -> None:
        self.artifact = artifact
        self._ranks = ranks
        self.student = student
        self.options = options
        self._charset = CharsetMap(artifact.spec, student) if student.task == "ctc" else None
        self._search = beam_search(artifact.spec, options.beam_width)
        self._store: AnswerStore | None = None  # opened for the first question
        self._model: TeacherModel | None = None  # loaded for the first image without a stored answer

    def __enter__(self) -> Teacher:
        return self

    def __exit__(self, *_: object) -> None:
        if self._store is not None:
            self._store.close()

    def answers(self, source: Source, progress: Progress) -> TeacherAnswers:
        """The answer for each image of `source`: stored before, or asked for now.

        Raises:
            InputError: if an image is broken, outputs don't fit the spec, or the disk is full.
            GateError: if outputs of the teacher are not finite.
        """
        store = self._store = self._store or open_by_ranks(self._key(), self._ranks, progress)
        everything = digest_of_contents(source).digest() if self._ranks.first else None
        unsure = everything is not None and not store.has_all(everything)
        missing = self._ranks.from_first(_lacking(store, source) if unsure else [])
        if missing:
            progress.log(f"{len(missing):,} of {len(source):,} images are new to {self.artifact.spec.name}")
            self._ask(source, missing, store, progress)
            share_answers(store, _contents(source, missing), self._ranks)
        if everything is not None and unsure:
            store.note_all(everything)
        return TeacherAnswers(store, source)

    def _key(self) -> str:
        """Fingerprint of everything that the answers depend on, besides the images."""
        student, options = self.student, self.options.model_dump()
        writes = (student.alphabet, student.class_names, student.normal_form, student.text_order)
        depends = (ANSWERS_FORMAT, self.artifact.sha256, *writes, options, BATCH_SIZE)
        return hashlib.sha256(repr(depends).encode()).hexdigest()[:32]

    def _ask(self, source: Source, missing: list[int], store: AnswerStore, progress: Progress) -> None:
        """Store the answers for this process's share of the missing items of `source`."""
        if self._model is None:
            self._model = TeacherModel(self.artifact, self.options.features, self._ranks)
            if self._model.place:
                progress.log(f"{self.artifact.spec.name} runs {self._model.place}")
        share = list(self._ranks.deal(questions(source, missing, self.artifact.spec.preprocessing)))
        asked = self._ask_in_batches(source, share, self._model, store)
        for _ in progress.track(asked, f"Asking {self.artifact.spec.name}", sum(map(len, share))):
            pass
        store.commit()

    def _ask_in_batches(
        self, source: Source, share: list[list[int]], model: TeacherModel, store: AnswerStore
    ) -> Iterator[int]:
        """Each item of the batches, after its answer is stored."""
        spec = self.artifact.spec
        preprocessor = Preprocessor(spec.preprocessing)
        for batch in loaded(source, preprocessor, share):
            logits, features = model.run(batch.images)
            check_logits(logits, batch, source, spec)
            answers = map(_of_line, self._answers(logits, features), _line_shares(batch, source, preprocessor))
            store.put(dict(zip(_contents(source, batch.indices), answers, strict=True)))
            yield from batch.indices

    def _answers(self, logits: NDArray[np.float32], features: NDArray[np.float32] | None) -> Iterator[Answer]:
        """The answer for each image, from the outputs for a batch."""
        spec = self.artifact.spec
        texts = decode(logits, spec, self._search)
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
            return Answer(all_classes(output[None]), np.ones(1, bool), best, confidence, shown)
        log_probs, trusted = self._charset.frames(output)
        targets = self._charset.text(reading)
        return Answer(likeliest(log_probs), trusted, np.array(targets or [], np.int64), confidence, features)


def _lacking(store: AnswerStore, source: Source) -> list[int]:
    """The first image of each content that has no answer, in order."""
    return sorted(
        index for indices, contents in distinct_contents(source) for index in indices[store.lacking(contents)].tolist()
    )


def _contents(source: Source, indices: Sequence[int]) -> Contents:
    return source.facts(indices=np.asarray(indices)).contents()


def _line_shares(batch: Batch, source: Source, preprocessor: Preprocessor) -> list[float]:
    """The share of the width of each input that its line takes."""
    if preprocessor.preprocessing.pad_to == 1:  # then no image is opened once more
        return [1.0] * len(batch.indices)
    return [preprocessor.line_size(source.image(index)) / batch.images.shape[3] for index in batch.indices]


def _of_line(answer: Answer, share: float) -> Answer:
    """The answer without the frames behind the line, which takes `share` of the input's width.

    Teacher and student are compared by the place of their frames in the line, and pad it differently.
    """
    count = math.ceil(len(answer.frames) * share)
    features = None if answer.features is None else answer.features[:count]
    return replace(answer, frames=answer.frames[:count], trusted=answer.trusted[:count], features=features)
