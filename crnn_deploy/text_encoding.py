"""From text to the classes of a model, the way back from decoding, and the Unicode form in which texts are compared."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from crnn_deploy.spec import ModelSpec, NormalForm
from crnn_deploy.text_order import runs_right_to_left, to_display


def normalized(text: str, form: NormalForm) -> str:
    """The text in a Unicode normal form (UAX #15), so that é is the same as e with a combining accent."""
    return text if form == "none" or text.isascii() else unicodedata.normalize(form, text)


def characters_of(text: str) -> set[str]:
    """The different characters of a text. Of a long one they are found in less than half the time of `set(text)`."""
    seen = np.zeros(sys.maxunicode + 1, np.bool_)
    seen[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)] = True
    return set(map(chr, np.flatnonzero(seen).tolist()))


class TextEncoder:
    """Divides texts into the texts of a model's classes, from the first to the last, the longest that fits first.

    Texts are in logical order; their pieces come in the order of the spec, logical or display.

    Most classes stand for one character, some for several, such as क्ष. Of classes with the same text the first one
    counts: a charset may repeat characters. A letter with one case in the charset stands for both cases.

    Texts and classes meet in the normal form of the spec. A charset may be made of decomposed characters: a character
    that it lacks is divided as far as needed.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self._form = spec.normal_form
        self._text_order = spec.text_order
        exact: dict[str, int] = {}
        for index, text in enumerate(spec.alphabet):
            if text:
                exact.setdefault(text, index)
        formed = {normalized(text, self._form): index for text, index in reversed(exact.items())} | exact
        swapped = {text.swapcase(): index for text, index in formed.items() if len(text.swapcase()) == len(text)}
        self._class_of = swapped | formed
        self._lengths = sorted({len(text) for text in self._class_of}, reverse=True)

    def pieces(self, text: str) -> list[str]:
        """The texts of the classes that make `text`; a character without a class is a piece of its own.

        Raises:
            InputError: if the classes are in display order, the text runs from right to left, and python-bidi is not
                installed.
        """
        text = self._ordered(normalized(text, self._form))
        if self._lengths == [1] and self._class_of.keys() >= set(text):  # the usual case, in a tenth of the time
            return list(text)
        pieces: list[str] = []
        start = 0
        while start < len(text):
            fitting = (text[start : start + length] for length in self._lengths)
            piece = next((piece for piece in fitting if piece in self._class_of), None)
            pieces += self._parts(text[start]) if piece is None else [piece]
            start += len(piece or text[start])
        return pieces

    def classes(self, text: str) -> list[int]:
        """The classes of a text without unknown characters."""
        return [self._class_of[piece] for piece in self.pieces(text)]

    def class_of(self, piece: str) -> int | None:
        """The class of a piece; None if it has none."""
        return self._class_of.get(piece)

    def unknown(self, text: str) -> list[str]:
        """Characters of `text` that no class stands for."""
        return [piece for piece in self.pieces(text) if piece not in self._class_of]

    def formed(self, text: str) -> str:
        """The text in the normal form of the spec."""
        return normalized(text, self._form)

    def has_all(self, texts: Sequence[str]) -> bool:
        """Whether each character of some lines is a class of its own, so that none is unknown or divided.

        False, too, where classes are in display order: there the answer depends on each line.
        """
        characters = characters_of(self.formed("\n".join(texts))) - {"\n"}
        return self._text_order == "logical" and characters <= self._class_of.keys()

    def _ordered(self, text: str) -> str:
        """The text in the order of the classes. Letters that have to be divided are before, so that parts turn too."""
        if self._text_order == "logical" or not runs_right_to_left(text):
            return text
        return to_display("".join(part for character in text for part in self._parts(character)))

    def _parts(self, character: str) -> list[str]:
        """The parts that make a character without a class, if all of them have one; else the character."""
        if self._form == "none":
            return [character]
        parts = list(self._decomposed(character))
        return parts if all(part in self._class_of for part in parts) else [character]

    def _decomposed(self, character: str) -> Iterable[str]:
        steps = unicodedata.decomposition(character)
        if character in self._class_of or not steps or steps.startswith("<"):
            yield character
        else:
            for code in steps.split():
                yield from self._decomposed(chr(int(code, 16)))
