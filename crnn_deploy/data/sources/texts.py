"""Looks through the texts of new labels: none may hold line ends, and invisible marks are told, since they count.

Marks that nobody sees come from web pages and word processors, such as a zero-width space.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress

# Soft hyphens, spaces without width, signs of direction, byte order marks. Joiners are needed after letters of Arabic
# and Indic scripts and in emoji, which have no code points below U+0590.
_MARKS = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
    "|(?<![\u0590-\u1fff\u2070-\U0010ffff])[\u200c\u200d]"
)
_SHOWN = 5
_ENDS = frozenset("\n\r\0")


def check_texts(names: Iterable[str], texts: Iterable[str], origin: str, progress: Progress) -> None:
    """Look through the texts of new labels.

    Args:
        names: of the images that they belong to.
        origin: where they are from, for messages.
        progress: is told once how many of them hold invisible marks, which ones, and where the first is.

    Raises:
        InputError: if a text holds line ends or NUL: it can't be the text of one line.
    """
    marks: Counter[str] = Counter()
    marked: list[tuple[str, str]] = []
    wrong: list[tuple[str, str]] = []
    total = 0
    for name, text in zip(names, texts, strict=True):
        total += 1
        if not _ENDS.isdisjoint(text):
            wrong.append((name, text))
        elif not text.isascii() and (found := _MARKS.findall(text)):
            marks.update(found)
            marked.append((name, text))
    if wrong:
        name, text = wrong[0]
        raise InputError(
            f"{len(wrong):,} labels in {origin} hold line ends or NUL; the first is {text[:80]!r}.",
            f"It belongs to {name[:300]!r}.",
            "Each image is one line of text: correct these labels.",
        )
    if marked:
        named = [f"U+{ord(mark):04X} {unicodedata.name(mark, '')} \u00d7{n:,}" for mark, n in marks.most_common(_SHOWN)]
        progress.log(
            f"{len(marked):,} of {total:,} labels in {origin} hold invisible marks: {', '.join(named)}"
            f"{' and others' * (len(marks) > _SHOWN)}; the first is of {marked[0][0]}. They count as characters: "
            "remove them unless the model is to write them."
        )
