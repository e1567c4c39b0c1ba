"""`Page`: what is read on a page, line by line and word by word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from crnn_deploy.pages.quad import Quad
from crnn_deploy.reading.reading import Reading


@dataclass(frozen=True)
class Word:
    """A word of a line, without the spaces around it."""

    text: str
    confidence: float
    quad: Quad


@dataclass(frozen=True)
class PageLine:
    """A line of a page: where it stands, and what is read in it.

    Attributes:
        length: of the line that was cut out, in pixels; the places of its characters count in these.
    """

    quad: Quad
    length: int
    reading: Reading

    def words(self) -> Iterator[Word]:
        """The words along the line; the whole line as one, where its text is not that of its characters in their order.

        That is so for text that runs from right to left, and where a beam search was asked for.
        """
        characters = self.reading.characters
        if "".join(each.text for each in characters) != self.reading.text:
            yield Word(self.reading.text, self.reading.confidence, self.quad)
            return
        for is_space, run in groupby(characters, key=lambda each: each.text.isspace()):
            if not is_space:
                word = list(run)
                quad = self.quad.part(word[0].left / self.length, word[-1].right / self.length)
                yield Word("".join(each.text for each in word), fmean(each.confidence for each in word), quad)


@dataclass(frozen=True)
class Page:
    """The lines of a page in the order in which people read them.

    Attributes:
        name: of its file, with the number of the page where that has several.
        width: of the upright page in pixels.
        height: likewise.
    """

    name: str
    width: int
    height: int
    lines: tuple[PageLine, ...]

    @property
    def text(self) -> str:
        return "\n".join(line.reading.text for line in self.lines)
