"""What a model says, one class or character at a time, and how far each is from being said differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.class_sequences import groups
from crnn_deploy.reading.runs import equal_runs
from crnn_deploy.runtime.outputs import log_probabilities, probabilities
from crnn_deploy.spec import ModelSpec

_NEAR = 1
"""Frames beside its own in which a character may appear when something is hidden: spikes of CTC move a little."""


@dataclass(frozen=True)
class Run:
    """Equal frames on the best path: their class, the first of them and the one after the last."""

    index: int
    first: int
    end: int


@dataclass(frozen=True)
class Answer:
    """One class of a picture (`runs` has one, without frames), or one character of a line.

    Attributes:
        runs: of the classes that make the character; more than one where a sequence of classes stands for a text.
        second: the class that stands second where the model is most sure of the answer.
    """

    text: str
    runs: tuple[Run, ...]
    confidence: float
    second: int
    second_confidence: float

    @property
    def first(self) -> int:
        return self.runs[0].first

    @property
    def end(self) -> int:
        return self.runs[-1].end


def class_answer(output: NDArray[np.float32], spec: ModelSpec) -> Answer:
    """The class that `[K]` names; there are at least two."""
    shares = probabilities(output, spec.temperature)
    second, best = np.argsort(shares, kind="stable")[-2:].tolist()
    run = Run(best, 0, 1)
    return Answer(spec.class_names[best], (run,), float(shares[best]), second, float(shares[second]))


def characters(output: NDArray[np.float32], spec: ModelSpec, frames: slice = slice(None)) -> list[Answer]:
    """The characters on the best path of `[T, K]` that begin in the given frames."""
    first, last, _ = frames.indices(len(output))
    path = output[first:last].argmax(axis=1).tolist()
    runs = [Run(*run) for run in equal_runs(path, first) if run[0] != spec.blank]
    shares = probabilities(output, spec.temperature)
    parts = groups([run.index for run in runs], spec.sequences)
    answers = (_character(runs[start:end], shares, spec) for start, end, _ in parts)
    return [answer for answer in answers if answer.text]


def margins(outputs: NDArray[np.float32], answers: Sequence[Answer]) -> NDArray[np.float32]:
    """How much more probable each answer is than the best other class: differences of logarithms, `[N, A]`.

    Of a character the frame counts in which it stands best, among its own and their neighbours.

    Args:
        outputs: `[N, T, K]` or `[N, K]`.
    """
    frames = log_probabilities(outputs if outputs.ndim == 3 else outputs[:, np.newaxis])
    return np.stack([np.mean([_margin(frames, run) for run in answer.runs], axis=0) for answer in answers], axis=1)


def changed(before: str, after: str) -> Iterator[bool]:
    """For each character of `before`, whether it is missing or another one in `after`, by the edits of CER."""
    from rapidfuzz.distance import Levenshtein

    same = np.zeros(len(before), bool)
    for edit in Levenshtein.opcodes(before, after):
        if edit.tag == "equal":
            same[edit.src_start : edit.src_end] = True
    yield from (~same).tolist()


def _margin(frames: NDArray[np.float32], run: Run) -> NDArray[np.float32]:
    near = frames[:, max(0, run.first - _NEAR) : run.end + _NEAR]
    others = np.delete(near, run.index, axis=2).max(axis=2)
    best: NDArray[np.float32] = (near[:, :, run.index] - others).max(axis=1)
    return best


def _character(runs: Sequence[Run], shares: NDArray[np.float32], spec: ModelSpec) -> Answer:
    """A character with what stood second in its peak; of several classes, that of the least sure one."""
    peaks = [run.first + int(shares[run.first : run.end, run.index].argmax()) for run in runs]
    sure = [float(shares[peak, run.index]) for peak, run in zip(peaks, runs, strict=True)]
    least = int(np.argmin(sure))
    frame = shares[peaks[least]].copy()
    frame[runs[least].index] = -1
    second = int(frame.argmax())
    return Answer(spec.text(run.index for run in runs), tuple(runs), sure[least], second, float(frame[second]))
