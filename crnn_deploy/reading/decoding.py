"""From CTC logits to text: the best path, or a prefix beam search over all paths of a text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.spec import ModelSpec


def decode(logits: NDArray[np.float32], spec: ModelSpec, beam_width: int | None = None) -> list[str]:
    """The text of each image from `[N, T, K]` (greedy without `beam_width`), or its class from `[N, K]`."""
    if spec.task == "classify":
        return [spec.class_names[index] for index in logits.argmax(axis=1)]
    return greedy_decode(logits, spec) if beam_width is None else beam_decode(logits, spec, beam_width)


def best_classes(logits: NDArray[np.float32], spec: ModelSpec, count: int) -> list[tuple[str, ...]]:
    """The `count` most probable classes of each image from `[N, K]`, the best first; equal ones in their order."""
    order = np.argsort(-logits, axis=1, kind="stable")[:, :count]
    return [tuple(spec.class_names[index] for index in row) for row in order.tolist()]


def greedy_decode(logits: NDArray[np.float32], spec: ModelSpec) -> list[str]:
    """Text of the most probable path of each line: repeats merged, blanks dropped (Graves et al., ICML 2006, §3.2).

    Args:
        logits: `[N, T, K]`; logits, log-probabilities and probabilities all give the same text.
        spec: of the model, for the text of each of the K classes.
    """
    return [spec.text(k for k, _ in groupby(path)) for path in logits.argmax(axis=2).tolist()]


def beam_decode(logits: NDArray[np.float32], spec: ModelSpec, width: int) -> list[str]:
    """Most probable text of each line, summed over all its paths, with a beam of `width` prefixes.

    Prefix beam search without a language model (Graves and Jaitly, ICML 2014; Hannun et al., arXiv 1408.2873), in
    log-space. The result is approximate unless the beam is wide enough for every prefix.

    Args:
        logits: `[N, T, K]`; rows of probabilities are used as they are; others go through a log-softmax, which does
            not change log-probabilities.
        spec: of the model, for the blank and the text of each of the K classes.
        width: prefixes kept after each frame, at least 1.
    """
    lines = log_probabilities(logits).astype(np.float64)
    return [spec.text(_best_prefix(line, spec.blank, width)) for line in lines]


@dataclass(frozen=True)
class _Beam:
    """Prefixes, best first, with the log-probability `[B]` of their paths that end in a blank or in a character."""

    prefixes: list[tuple[int, ...]]
    in_blank: NDArray[np.float64]
    in_character: NDArray[np.float64]


def _best_prefix(frames: NDArray[np.float64], blank: int, width: int) -> tuple[int, ...]:
    """Classes of the best text of one line, from its log-probabilities `[T, K]`."""
    beam = _Beam([()], np.zeros(1), np.full(1, -np.inf))
    for frame in frames:
        beam = _best(_candidates(beam, frame, blank), width)
    return beam.prefixes[0]


@dataclass(frozen=True)
class _Candidates:
    """Candidates after one more frame: each prefix unchanged `[B]`, and each prefix extended by each class `[B, K]`."""

    prefixes: list[tuple[int, ...]]
    same_in_blank: NDArray[np.float64]
    same_in_character: NDArray[np.float64]
    grown: NDArray[np.float64]


def _candidates(beam: _Beam, frame: NDArray[np.float64], blank: int) -> _Candidates:
    last = np.array([prefix[-1] if prefix else blank for prefix in beam.prefixes])
    total = np.logaddexp(beam.in_blank, beam.in_character)
    in_character = beam.in_character + frame[last]
    grown = total[:, None] + frame
    grown[np.arange(len(last)), last] = beam.in_blank + frame[last]  # a character repeats only across a blank
    grown[:, blank] = -np.inf
    row_of = {prefix: row for row, prefix in enumerate(beam.prefixes)}
    for row, prefix in enumerate(beam.prefixes):
        parent = row_of.get(prefix[:-1]) if prefix else None
        if parent is not None:  # the parent grows into this prefix: one text, so one candidate
            in_character[row] = np.logaddexp(in_character[row], grown[parent, prefix[-1]])
            grown[parent, prefix[-1]] = -np.inf
    return _Candidates(beam.prefixes, total + frame[blank], in_character, grown)


def _best(candidates: _Candidates, width: int) -> _Beam:
    count, classes = candidates.grown.shape
    in_blank = np.concatenate([candidates.same_in_blank, np.full(candidates.grown.size, -np.inf)])
    in_character = np.concatenate([candidates.same_in_character, candidates.grown.ravel()])
    scores = np.logaddexp(in_blank, in_character)
    chosen = _largest(scores, width)
    chosen = chosen[scores[chosen] > -np.inf]

    def prefix(index: int) -> tuple[int, ...]:
        row, grown_by = divmod(index - count, classes)
        return candidates.prefixes[index] if index < count else (*candidates.prefixes[row], grown_by)

    return _Beam([prefix(index) for index in chosen.tolist()], in_blank[chosen], in_character[chosen])


def _largest(scores: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Indices of the `count` largest scores, best first; equal ones in their order."""
    if count >= len(scores):
        return np.argsort(-scores, kind="stable")
    near = np.sort(np.argpartition(-scores, count)[:count])
    return near[np.argsort(-scores[near], kind="stable")]
