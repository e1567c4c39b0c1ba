"""Learns the n-grams of a language model from texts.

Probabilities are interpolated as by Witten and Bell (IEEE Trans. Inf. Theory 37, 1991): after a context that was seen n
times and followed by k different characters, the share k / (n + k) is left to shorter contexts.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from crnn_deploy import limits
from crnn_deploy.errors import InputError
from crnn_deploy.language_model import LanguageModel
from crnn_deploy.ngrams import DIGIT, END, NODE, STEPS, packed

MOST_NGRAMS = 28_000  # about 90 kB in a file
_MOST_TEXTS = 100_000  # more texts of one kind have little that is new, and take minutes and gigabytes
_DIGITS = re.compile("[0-9]")

Counts = list[dict[str, Counter[str]]]
"""By the length of a context, and by the context: how often each character follows."""


def learn(texts: Iterable[str], order: int, least: int) -> LanguageModel:
    """A language model of texts. Those that differ in their digits only count once.

    Args:
        order: characters of the longest n-grams.
        least: how often an n-gram of three characters or more must occur, and one of two once less; more often where
            there are too many n-grams.

    Raises:
        InputError: if there are no texts.
    """
    distinct = sorted({_DIGITS.sub(DIGIT, text) for text in texts if text and END not in text})
    if not distinct:
        raise InputError(
            "There is no text to learn a language model from.",
            "All labels are empty, or hold characters that the model lacks.",
            "Give a source whose labels the model can write.",
        )
    step = -(-len(distinct) // _MOST_TEXTS)
    counts = _counts(distinct[::step], order)
    characters = END + "".join(sorted(set(counts[0][""]) - {END}))
    if len(characters) > limits.MAX_SYMBOLS:
        raise InputError(
            f"The labels have {len(characters):,} different characters.",
            f"A language model takes up to {limits.MAX_SYMBOLS:,}.",
            "Give labels of one script.",
        )
    table = _table(counts, characters, least)
    while len(table) > max(MOST_NGRAMS, 2 * len(characters)):  # of single characters all are kept
        least += max(1, least // 2)
        table = _table(counts, characters, least)
    return LanguageModel(characters=characters, order=order, table=packed(np.array(table, NODE)))


def _counts(texts: Iterable[str], order: int) -> Counts:
    counts: Counts = [defaultdict(Counter) for _ in range(order)]
    for text in texts:
        line = END + text + END
        for place in range(1, len(line)):
            for length in range(min(order, place + 1)):
                counts[length][line[place - length : place]][line[place]] += 1
    return counts


def _table(counts: Counts, characters: str, least: int) -> list[tuple[int, int, int, int]]:
    """The rows of the table, one length of n-grams after the other."""
    symbols = {character: symbol for symbol, character in enumerate(characters)}
    rows, contexts, probability = [], [""], {"": 1.0}
    for length, followed in enumerate([*counts, {}]):
        longer = []
        for context in contexts:
            after = followed.get(context, Counter())
            bound = (1, max(1, least - 1), least)[min(length, 2)]
            kept = {character: after[character] for character in sorted(after) if after[character] >= bound}
            left = _left_to_shorter(after, kept)
            for character, count in kept.items():
                shorter = probability[context[1:] + character] if length else 1 / len(characters)
                seen = after.total() + len(after)
                probability[context + character] = count / seen + left * shorter
            longer += [context + character for character in kept]
            cost = _steps(probability[context]) if context else 0
            rows.append((symbols[context[-1]] if context else 0, cost, _steps(left), len(kept)))
        contexts = longer
    return rows


def _left_to_shorter(after: Mapping[str, int], kept: Mapping[str, int]) -> float:
    """The share of probability after a context that its shorter one divides."""
    seen = sum(after.values())
    return (seen - sum(kept.values()) + len(after)) / (seen + len(after)) if seen else 1.0


def _steps(probability: float) -> int:
    """The cost of a probability, in whole steps."""
    return min(255, round(-math.log(probability) * STEPS))
