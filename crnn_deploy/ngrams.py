"""The n-grams of a language model, unpacked, and what they give for the classes of a head.

They are of characters, with backoff, as in ARPA files: an n-gram has a cost, and where it is missing, that of the
shorter one is taken, and what its context takes for that is added. All digits count as one character, because which
digit follows is no matter of language.

Packages carry a copy of this file, so it takes nothing from the project at run time.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from crnn_deploy.language_model import LanguageModel

END = "\n"
"""Stands before the first character of a line and after the last."""
DIGIT = "0"
STEPS = 16  # of a cost in one nat; costs are stored as whole numbers of steps, up to 255
NODE = np.dtype([("symbol", "<u2"), ("cost", "u1"), ("backoff", "u1"), ("children", "<u2")])
"""An n-gram in the table: its last character, costs in steps, and by how many n-grams it is continued.

They come in the order of their lengths, and those of one length in that of their parents. The first is empty.
"""
MAX_NGRAMS = 1 << 18  # 10,000 are enough for one kind of text
LEAST_FACTOR = 1e-30
"""Of a class: whatever a language says, a text that the network is sure of stays in the beam."""
_DIGIT_COST = math.log(10)


NGRAM = np.dtype(
    [
        ("first", np.int32),
        ("children", np.int32),
        ("shorter", np.int32),
        ("context", np.int32),
        ("cost", np.float64),
        ("backoff", np.float64),
    ]
)
"""An n-gram for a search.

It is continued by `children` n-grams from `first` on, in the order of their last characters. `shorter` is the longest
one that it ends with, and `context` that from which the next character goes on. `cost` and `backoff` are in nats.
"""


class ClassNgrams(NamedTuple):
    """The n-grams of a language model, and what each of the K classes of a head is in it.

    Attributes:
        ngrams: `[N]` of `NGRAM`.
        symbols: `[N]`, numbers of their last characters.
        starts: `[K + 1]`: where the symbols of each class begin in the next two; the blank has none.
        class_symbols: -1: unknown.
        class_costs: besides those of the symbols.
        start: the state before a line.
        unknown: what an unknown character costs.
    """

    ngrams: NDArray[np.void]
    symbols: NDArray[np.int32]
    starts: NDArray[np.int32]
    class_symbols: NDArray[np.int32]
    class_costs: NDArray[np.float64]
    start: int
    end_symbol: int
    unknown: float
    weight: float
    bonus: float
    least_factor: float


class Ngrams:
    """The n-grams of a language model, unpacked.

    Raises:
        ValueError: if the table is damaged.
    """

    def __init__(self, model: LanguageModel) -> None:
        nodes = unpacked(model.table)
        count, children = len(nodes), nodes["children"].astype(np.int64)
        firsts = 1 + np.cumsum(children) - children
        if not count or 1 + children.sum() != count or (firsts[children > 0] <= np.flatnonzero(children)).any():
            raise ValueError("the n-grams of the language model are no tree")
        if (nodes["symbol"] >= len(model.characters)).any():
            raise ValueError("the language model has n-grams of characters that it doesn't name")
        parents, symbols = np.repeat(np.arange(count), children), nodes["symbol"][1:].astype(np.int64)
        if ((np.diff(parents) == 0) & (np.diff(symbols) <= 0)).any():
            raise ValueError("n-grams of the language model are out of order")
        self._symbols = {character: symbol for symbol, character in enumerate(model.characters)}
        self.unknown = math.log(1 + len(model.characters))
        self._nodes, self._firsts = nodes, firsts
        self._costs = (nodes["cost"] / STEPS).tolist()
        self._backoffs = (nodes["backoff"] / STEPS).tolist()
        self._next = _continuations(nodes["symbol"].tolist(), firsts.tolist(), children.tolist())
        self._shorter, lengths = _shorter(self._next)
        if max(lengths) > model.order:
            raise ValueError("the language model has longer n-grams than it says")
        self._context = [node if length < model.order else self._shorter[node] for node, length in enumerate(lengths)]
        self.start = self._next[0].get(self._symbols.get(END, 0), 0) if model.order > 1 else 0

    def symbol(self, character: str) -> tuple[int | None, float]:
        """The number of a character, or None if it is unknown, and what it costs besides."""
        if "0" <= character <= "9":
            return self._symbols.get(DIGIT), _DIGIT_COST
        return self._symbols.get(character), 0.0

    def after(self, state: int, character: str) -> tuple[float, int]:
        """What a character costs after a context, in nats, and the context of the next one."""
        symbol, cost = self.symbol(character)
        while symbol is None or (node := self._next[state].get(symbol)) is None:
            cost += self._backoffs[state]
            if state == 0:
                return cost + self.unknown, 0
            state = self._shorter[state]
        return cost + self._costs[node], self._context[node]

    def for_search(self) -> NDArray[np.void]:
        """`[N]` of `NGRAM`."""
        found = np.empty(len(self._nodes), NGRAM)
        found["first"], found["children"] = self._firsts, self._nodes["children"]
        found["shorter"], found["context"] = self._shorter, self._context
        found["cost"], found["backoff"] = self._costs, self._backoffs
        return found

    def last_symbols(self) -> NDArray[np.int32]:
        """Numbers of the last characters of the n-grams `[N]`."""
        return self._nodes["symbol"].astype(np.int32)


class ClassLanguage:
    """The `Language` of a beam search over the classes of a head, by the `alphabet` of its spec.

    What it was asked for it keeps, since few contexts occur again and again.

    Raises:
        ValueError: if the language model is damaged.
    """

    def __init__(self, model: LanguageModel, alphabet: Sequence[str]) -> None:
        self._ngrams = Ngrams(model)
        self.start = self._ngrams.start
        self._alphabet = alphabet
        self._weight, self._bonus = model.weight, model.bonus
        self._known: dict[tuple[int, int], tuple[float, int]] = {}

    def grown(self, state: int, label: int) -> tuple[float, int]:
        """The factor of a class after a text, and the state after it."""
        found = self._known.get((state, label))
        if found is None:
            found = self._known[state, label] = self._after(state, self._alphabet[label])
        return found

    def ended(self, state: int) -> float:
        """The factor of the end of the line."""
        return math.exp(-self._weight * self._ngrams.after(state, END)[0])

    def tables(self) -> ClassNgrams:
        """The same as numbers."""
        symbols = [self._ngrams.symbol(character) for character in "".join(self._alphabet)]
        end, _ = self._ngrams.symbol(END)
        return ClassNgrams(
            self._ngrams.for_search(),
            self._ngrams.last_symbols(),
            starts=np.cumsum([0, *map(len, self._alphabet)], dtype=np.int32),
            class_symbols=np.array([-1 if symbol is None else symbol for symbol, _ in symbols], np.int32),
            class_costs=np.array([cost for _, cost in symbols], np.float64),
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


def packed(nodes: NDArray[np.void]) -> str:
    """A table of n-grams as text."""
    return base64.b64encode(zlib.compress(nodes.tobytes(), 9)).decode()


def unpacked(table: str) -> NDArray[np.void]:
    """The n-grams `[N]` of a table. Raises `ValueError` if it is damaged."""
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(table, validate=True), MAX_NGRAMS * NODE.itemsize + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"the table of the language model is damaged: {error}") from None
    if not inflate.eof or len(data) % NODE.itemsize:
        raise ValueError("the table of the language model is cut off, or larger than allowed")
    return np.frombuffer(data, NODE)


def _continuations(symbols: list[int], firsts: list[int], children: list[int]) -> list[dict[int, int]]:
    """The n-grams that continue each n-gram, by their last character."""
    return [
        {symbols[node]: node for node in range(first, first + count)}
        for first, count in zip(firsts, children, strict=True)
    ]


def _shorter(following: list[dict[int, int]]) -> tuple[list[int], list[int]]:
    """Of each n-gram the longest one that it ends with, and its length. Shorter n-grams come before longer ones."""
    shorter, lengths = [0] * len(following), [0] * len(following)
    for node, continued in enumerate(following):
        for symbol, longer in continued.items():
            lengths[longer] = lengths[node] + 1
            if node:
                end = shorter[node]
                while end and symbol not in following[end]:
                    end = shorter[end]
                shorter[longer] = following[end].get(symbol, 0)
    return shorter, lengths
