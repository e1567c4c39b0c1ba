"""Lines of the words of a language, which are drawn by how often people write them."""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from crnn_deploy.data.rendering.vocabulary import Rng, characters, line_length, pick
from crnn_deploy.errors import InputError

COVERAGE = 0.999  # of what is written, by the characters of the default charset
COMMON_SHARE = 0.5  # of the words, drawn by frequency; the others for one of their characters, all alike
RANDOM_SHARE = 0.1  # of the lines, which are random characters
PUNCTUATED, NUMBERED, CAPITALISED = 0.15, 0.05, 0.1  # shares of the words
WORDS_FOR_CHARACTER = 50  # its most frequent ones

_CLOSE_SET = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")  # written without spaces
_MARKS = (",.!?;:", "，。！？、；：")  # of most languages, and of those without spaces


class LanguageText:
    """Makes lines of words.

    Half of the words are drawn by frequency. The others are drawn for a character that all characters of the charset
    have the same chance to be, so that rare ones of large alphabets are seen, too.

    Args:
        frequencies: words and their shares, from the most frequent on.
        charset: characters that may occur.
        shortest, longest: bounds of the length in characters, both included.

    Raises:
        InputError: if the charset writes no word.
    """

    def __init__(self, frequencies: dict[str, float], charset: str, shortest: int, longest: int) -> None:
        self.charset = charset
        kept = set(self.charset)
        self._words = [word for word in frequencies if kept.issuperset(word)]
        if not self._words:
            raise InputError("The charset can't write a word of the language.", fix="Give other characters, or none.")
        self._visible = self.charset.replace(" ", "")
        self._sums = np.cumsum([frequencies[word] for word in self._words])
        self._with = _words_with(self._words, kept)
        self._marks = ["".join(mark for mark in marks if mark in kept) for marks in _MARKS]
        self._digits = "".join(digit for digit in string.digits if digit in kept)
        self._kept, self._shortest, self._longest = kept, shortest, longest

    def __call__(self, rng: Rng) -> str:
        length = line_length(rng, self._shortest, self._longest)
        if rng.random() < RANDOM_SHARE:
            return characters(rng, self._visible, length)
        text = ""
        while len(text) < length:
            text = self._joined(text, self._word(rng))
        text = text[:length].strip()
        return text + characters(rng, self._visible, max(0, self._shortest - len(text)))

    def _word(self, rng: Rng) -> str:
        if rng.random() < COMMON_SHARE:
            word = self._words[int(np.searchsorted(self._sums, rng.random() * self._sums[-1], side="right"))]
        else:
            character = pick(rng, self._visible)
            word = pick(rng, self._with.get(character, (character,)))
        if self._digits and (set(word) == {"0"} or rng.random() < NUMBERED):  # wordfreq writes 0 for any digit
            word = "".join(pick(rng, self._digits) for _ in word)
        if rng.random() < CAPITALISED and self._kept.issuperset(capital := word.capitalize()):
            word = capital
        marks = self._marks[_CLOSE_SET.match(word[-1]) is not None]
        return word + pick(rng, marks) if marks and rng.random() < PUNCTUATED else word

    def _joined(self, text: str, word: str) -> str:
        """Words of most scripts have a space between them."""
        close = not text or " " not in self._kept or _CLOSE_SET.match(text[-1]) or _CLOSE_SET.match(word[0])
        return text + word if close else f"{text} {word}"


def word_frequencies(language: str) -> dict[str, float]:
    """Words and their shares, from the most frequent on.

    Raises:
        InputError: if the package wordfreq is missing, or does not know the language.
    """
    try:
        import wordfreq
    except ImportError:
        raise InputError(
            f"The words of the language {language} need the package wordfreq.",
            fix="pip install 'crnn-deploy[languages]'",
        ) from None
    known = sorted(wordfreq.available_languages())
    if language not in known:
        raise InputError(f"There are no words of the language {language}.", f"Known are: {', '.join(known)}.")
    frequencies: dict[str, float] = wordfreq.get_frequency_dict(language, "best")
    return dict(sorted(frequencies.items(), key=lambda each: (-each[1], each[0])))


def frequent_characters(frequencies: dict[str, float]) -> str:
    """The characters that make up 99.9 % of what is written in these words, their capitals, digits and punctuation."""
    counts: defaultdict[str, float] = defaultdict(float)
    for word, share in frequencies.items():
        for character in filter(str.isprintable, word):
            counts[character] += share
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    sums = np.cumsum([share for _, share in ranked])
    frequent = [c for c, _ in ranked[: int(np.searchsorted(sums, COVERAGE * sums[-1])) + 1]]
    capitals = [c.upper() for c in frequent if len(c.upper()) == 1]
    close = any(map(_CLOSE_SET.match, frequent))
    return "".join(
        dict.fromkeys([*string.digits, *frequent, *capitals, *_MARKS[0], *(_MARKS[1] if close else ""), " "])
    )


def _words_with(words: Iterable[str], charset: set[str]) -> dict[str, list[str]]:
    """The most frequent words with each character."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        for character in set(word) & charset:
            if len(found[character]) < WORDS_FOR_CHARACTER:
                found[character].append(word)
    return dict(found)
