"""Goes once through the labels of a source: lengths, characters, and a number for each label."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.sources.base import Source, text_blocks
from crnn_deploy.inspection.source.description import LabelFacts, Quantiles
from crnn_deploy.progress import Progress

RARE = 10
"""A character that occurs less often is rare: a network hardly learns it."""

_OTHERS = {"N": "digits and numbers", "P": "punctuation", "S": "symbols", "Z": "spaces"}


@dataclass(frozen=True)
class Texts:
    """The texts of a source, `N` of them, without the texts.

    Attributes:
        lengths: `[N]`, int32, in code points.
        codes: `[N]`, int64, the same for equal texts; they mean something in this process only.
        counts: `[K]`, int64, how often each code point occurs.
    """

    lengths: NDArray[np.int32]
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]


def read_texts(source: Source, progress: Progress) -> Texts:
    """Go through all texts of a source."""
    total = len(source)
    texts = Texts(np.zeros(total, np.int32), np.zeros(total, np.int64), np.zeros(0x110000, np.int64))
    blocks = list(range(0, total, 1 << 16))
    for start, block in progress.track(text_blocks(source), f"Reading the labels of {source.name}", len(blocks)):
        place = slice(start, start + len(block))
        texts.lengths[place] = np.fromiter(map(len, block), np.int32, len(block))
        texts.codes[place] = np.fromiter(map(hash, block), np.int64, len(block))
        points = np.frombuffer("".join(block).encode("utf-32-le", "surrogatepass"), np.uint32)
        found = np.bincount(points)
        texts.counts[: len(found)] += found
    return texts


def label_facts(texts: Texts) -> LabelFacts | None:
    """What the texts are like; None if there are none."""
    length = Quantiles.of(texts.lengths)
    if length is None:
        return None
    points = np.flatnonzero(texts.counts)
    counts = texts.counts[points]
    order = np.lexsort((points, -counts))
    characters = {chr(points[place]): int(counts[place]) for place in order}
    scripts: Counter[str] = Counter()
    for character, count in characters.items():
        scripts[script_of(character)] += count
    return LabelFacts(
        length=length,
        empty=int((texts.lengths == 0).sum()),
        different=len(np.unique(texts.codes)),
        characters=characters,
        scripts=dict(scripts.most_common()),
        rare=int((counts < RARE).sum()),
    )


def script_of(character: str) -> str:
    """The script of a letter, such as `Latin`, from its name in Unicode; of others what they are, such as `spaces`."""
    kind = unicodedata.category(character)[0]
    if kind == "M":
        return "combining marks"
    if kind != "L":
        return _OTHERS.get(kind, "controls and others")
    plain = unicodedata.normalize("NFKC", character)[0]  # without width, ligature and the like
    return unicodedata.name(plain, "other letters").split(" ")[0].capitalize().replace("Cjk", "Han")
