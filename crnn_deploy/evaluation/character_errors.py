"""Which characters are read as which, by the edits that the CER counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from rapidfuzz.distance import Levenshtein

from crnn_deploy.config import Frozen
from crnn_deploy.evaluation.result import Evaluation


class CharacterError(Frozen):
    """A character of labels that was read as another one `count` times; labels have it `occurrences` times.

    `read` is empty for one that was not read, `reference` for one that was read where there is none.
    """

    reference: str
    read: str
    count: int
    occurrences: int


def character_errors(evaluation: Evaluation, most: int = 20) -> list[CharacterError]:
    """The most frequent errors of a reader of text, case ignored; none of a classifier."""
    if evaluation.dataset.kind != "text":
        return []
    occurrences: Counter[str] = Counter()
    errors: Counter[tuple[str, str]] = Counter()
    for block in evaluation.predictions.blocks():
        references, texts = block.references, block.texts
        occurrences.update("".join(references).casefold())
        for wrong in np.flatnonzero(~block.rows["right_ci"]).tolist():
            found = edits(references[wrong].casefold(), texts[wrong].casefold())
            errors.update((true, read) for _, true, read in found)
    order = sorted(errors, key=lambda pair: (-errors[pair], pair))
    return [
        CharacterError(reference=true, read=read, count=errors[true, read], occurrences=occurrences[true])
        for true, read in order[:most]
    ]


def edits(reference: str, text: str) -> Iterator[tuple[int, str, str]]:
    """The edits that make a text of a reference: the place in the reference, what it has there, and what was read.

    The second is empty for a character that was added, and the third for one that was left out.
    """
    for edit in Levenshtein.editops(reference, text):
        true = "" if edit.tag == "insert" else reference[edit.src_pos]
        read = "" if edit.tag == "delete" else text[edit.dest_pos]
        yield edit.src_pos, true, read
