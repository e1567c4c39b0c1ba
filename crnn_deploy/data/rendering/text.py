"""Random lines of text over an charset."""

from __future__ import annotations

import numpy as np

from crnn_deploy.data.rendering.phrases import PHRASES
from crnn_deploy.data.rendering.vocabulary import characters, line_length, pick

RANDOM_SHARE = 0.08  # share of lines of random characters, so that rare characters such as ^ occur as well
WHOLE_SHARE = 0.4  # share of lines of exactly one phrase, if it fits
CAPITALS_SHARE = 0.15  # share of lines that are converted to capitals


class TextGenerator:
    """Makes lines of document-like text from the characters of `charset`, neither starting nor ending in a space.

    Args:
        shortest, longest: bounds of the length in characters, both included.
    """

    def __init__(self, charset: str, shortest: int, longest: int) -> None:
        self.charset = charset
        self._visible = charset.replace(" ", "")
        self._kept = set(charset)
        self._shortest = shortest
        self._longest = longest

    def __call__(self, rng: np.random.Generator) -> str:
        length = line_length(rng, self._shortest, self._longest)
        if rng.random() < RANDOM_SHARE:
            return self._random(rng, length)
        whole, capitals = rng.random() < WHOLE_SHARE, rng.random() < CAPITALS_SHARE
        text = ""
        for _ in range(length):  # each phrase adds at least one character, unless the charset can't write it
            phrase = pick(rng, PHRASES)(rng)
            text = self._tidy(f"{text} {self._writable(phrase.upper() if capitals else phrase)}")
            if len(text) >= length or (whole and self._shortest <= len(text) <= self._longest):
                break
        text = self._cut(text, self._longest if whole else length)
        return text if len(text) >= self._shortest else text + self._random(rng, self._shortest - len(text))

    def _random(self, rng: np.random.Generator, length: int) -> str:
        """Exactly `length` random characters."""
        text = self._tidy(characters(rng, self.charset, length))
        return text + characters(rng, self._visible, length - len(text))

    def _writable(self, text: str) -> str:
        """`text` in the charset: a letter that is missing takes its other case, anything else is left out."""
        if self._kept.issuperset(text):
            return text
        return "".join([c if c in self._kept else c.swapcase() for c in text if {c, c.swapcase()} & self._kept])

    def _tidy(self, text: str) -> str:
        return (" " if " " in self._kept else "").join(text.split())

    def _cut(self, text: str, length: int) -> str:
        """At most `length` characters, ending with a whole word where that leaves enough."""
        if len(text) <= length:
            return text
        whole = text[: length + 1].rpartition(" ")[0].rstrip()
        return whole if len(whole) >= max(self._shortest, length // 2) else text[:length].rstrip()
