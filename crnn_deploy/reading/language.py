"""What the language model of a spec gives for classes of the head, for a beam search."""

from __future__ import annotations

import math

import numpy as np

from crnn_deploy.errors import InputError
from crnn_deploy.native.ctc_beam import ClassNgrams
from crnn_deploy.ngrams import END, Ngrams
from crnn_deploy.spec import ModelSpec

LEAST_FACTOR = 1e-30
"""Of a character: whatever a language says, a text that the network is sure of stays in the beam."""


class ClassLanguage:
    """The `Language` of a beam search over the classes of a model.

    What it was asked for it keeps, since few contexts occur again and again.

    Raises:
        InputError: if the language model is damaged.
    """

    def __init__(self, spec: ModelSpec) -> None:
        model = spec.language_model
        assert model is not None, "only models with a language model have one"
        try:
            self._ngrams = Ngrams(model)
        except ValueError as error:
            raise InputError(
                f"{spec.name} can't be read: {error}.",
                "The file is damaged, or not written by crnn-deploy.",
                "Make it again, or decode with --decoder greedy.",
            ) from None
        self.start = self._ngrams.start
        self._alphabet = spec.alphabet
        self._weight, self._bonus = model.weight, model.bonus
        self._known: dict[tuple[int, int], tuple[float, int]] = {}

    def grown(self, state: int, label: int) -> tuple[float, int]:
        found = self._known.get((state, label))
        if found is None:
            found = self._known[state, label] = self._after(state, self._alphabet[label])
        return found

    def ended(self, state: int) -> float:
        return math.exp(-self._weight * self._ngrams.after(state, END)[0])

    def tables(self) -> ClassNgrams | None:
        """The same for the library; None where a class stands for several characters."""
        if any(len(text) > 1 for text in self._alphabet):
            return None
        symbols, costs = zip(*(self._ngrams.symbol(text) for text in self._alphabet), strict=True)
        end, _ = self._ngrams.symbol(END)
        return ClassNgrams(
            self._ngrams.columns(),
            class_symbols=np.array([-1 if symbol is None else symbol for symbol in symbols], np.int32),
            class_costs=np.array(costs, np.float64),
            start=self.start,
            end_symbol=-1 if end is None else end,
            unknown=self._ngrams.unknown,
            weight=self._weight,
            bonus=self._bonus,
            least_factor=LEAST_FACTOR,
        )

    def _after(self, state: int, characters: str) -> tuple[float, int]:
        costs = 0.0
        for character in characters:
            cost, state = self._ngrams.after(state, character)
            costs += cost
        return max(LEAST_FACTOR, math.exp(self._bonus * len(characters) - self._weight * costs)), state


def language_of(spec: ModelSpec) -> ClassLanguage | None:
    """That of a model; None if it has no language model. Raises as `ClassLanguage` does."""
    return None if spec.language_model is None else ClassLanguage(spec)
