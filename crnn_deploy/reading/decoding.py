"""From CTC logits to text: the best path, or a prefix beam search over all paths of a text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.native import library_function
from crnn_deploy.native.ctc_beam import FUNCTION, CtcBeam
from crnn_deploy.reading.beam import LEAST_SHARE, best_prefix
from crnn_deploy.reading.language import language_of
from crnn_deploy.runtime.outputs import are_probabilities
from crnn_deploy.spec import ModelSpec


def decode(logits: NDArray[np.float32], spec: ModelSpec, search: BeamSearch | None = None) -> list[str]:
    """The text of each image from `[N, T, K]` (greedy without a `search`), or its class from `[N, K]`."""
    if spec.task == "classify":
        return [spec.class_names[index] for index in logits.argmax(axis=1)]
    return greedy_decode(logits, spec) if search is None else search(logits)


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


class BeamSearch:
    """Most probable text of each line, summed over all its paths, with a beam of `width` prefixes.

    The language model of the spec, if it has one, counts in. The result is approximate unless the beam is wide enough
    for every prefix.

    Args:
        spec: of the model, for the blank and the text of each of the K classes.
        width: prefixes kept after each frame, at least 1.

    Raises:
        InputError: if the language model is damaged.
    """

    def __init__(self, spec: ModelSpec, width: int) -> None:
        self.width = width
        self._spec = spec
        self._best = _best_of_line(spec, width)

    def __call__(self, logits: NDArray[np.float32]) -> list[str]:
        """The texts of `[N, T, K]`; logits, log-probabilities and probabilities all give the same."""
        return [self._spec.text(self._best(line, logarithmic=not are_probabilities(line))) for line in logits]


def beam_search(spec: ModelSpec, width: int | None) -> BeamSearch | None:
    """The search that `decode` takes; None for classifiers, and without a width. Raises as `BeamSearch` does."""
    return None if width is None or spec.task == "classify" else BeamSearch(spec, width)


def _best_of_line(spec: ModelSpec, width: int) -> Callable[..., list[int]]:
    """What finds the classes of the best text: the library where it is there, and else Python.

    It takes the output `[T, K]` of a line, and as `logarithmic` whether that is not probabilities.
    """
    language = language_of(spec)
    function = library_function(FUNCTION)
    if function is None:
        return partial(best_prefix, blank=spec.blank, width=width, language=language)
    tables = None if language is None else language.tables()
    return CtcBeam(function, spec.blank, width, 0.0 if language is None else LEAST_SHARE, tables)
