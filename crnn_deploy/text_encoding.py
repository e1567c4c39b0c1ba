"""From text to the classes of a model, the way back from decoding."""

from __future__ import annotations

from crnn_deploy.spec import ModelSpec


class TextEncoder:
    """Divides texts into the texts of a model's classes, from left to right, the longest that fits first.

    Most classes stand for one character, some for several, such as क्ष. Of classes with the same text the first one
    counts: a charset may repeat characters. A letter with one case in the charset stands for both cases.
    """

    def __init__(self, spec: ModelSpec) -> None:
        exact: dict[str, int] = {}
        for index, text in enumerate(spec.alphabet):
            if text:
                exact.setdefault(text, index)
        swapped = {text.swapcase(): index for text, index in exact.items() if len(text.swapcase()) == len(text)}
        self._class_of = swapped | exact
        self._lengths = sorted({len(text) for text in self._class_of}, reverse=True)

    def pieces(self, text: str) -> list[str]:
        """The texts of the classes that make `text`; a character without a class is a piece of its own."""
        pieces, start = [], 0
        while start < len(text):
            fitting = (text[start : start + length] for length in self._lengths)
            piece = next((piece for piece in fitting if piece in self._class_of), text[start])
            pieces.append(piece)
            start += len(piece)
        return pieces

    def classes(self, text: str) -> list[int]:
        """The classes of a text without unknown characters."""
        return [self._class_of[piece] for piece in self.pieces(text)]

    def unknown(self, text: str) -> list[str]:
        """Characters of `text` that no class stands for."""
        return [piece for piece in self.pieces(text) if piece not in self._class_of]
