"""Marks in labels that nobody sees, such as a zero-width space from a web page; they are told, since they count."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.progress import Progress

# Soft hyphens, spaces without width, signs of direction, byte order marks. Joiners are needed after letters of Arabic
# and Indic scripts and in emoji, which have no code points below U+0590.
_MARKS = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
    "|(?<![\u0590-\u1fff\u2070-\U0010ffff])[\u200c\u200d]"
)
_SHOWN = 5


def tell_invisible(source: Source, progress: Progress) -> None:
    """Say once how many labels of a source hold invisible marks, which ones, and where the first is."""
    marks: Counter[str] = Counter()
    labels = [i for i in range(len(source)) if _count(source.text(i), marks)]
    if labels:
        named = [f"U+{ord(mark):04X} {unicodedata.name(mark, '')} \u00d7{n:,}" for mark, n in marks.most_common(_SHOWN)]
        progress.log(
            f"{len(labels):,} of {len(source):,} labels of {source.name} hold invisible marks: {', '.join(named)}"
            f"{' and others' * (len(marks) > _SHOWN)}; the first is of {title(source, labels[0])}. They count as "
            "characters: remove them unless the model is to write them."
        )


def _count(text: str, marks: Counter[str]) -> int:
    """Count the marks of a text in, and return how many there are."""
    found = [] if text.isascii() else _MARKS.findall(text)
    marks.update(found)
    return len(found)
