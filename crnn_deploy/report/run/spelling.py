"""Where a reading differs from its reference, character by character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True)
class Segment:
    """A run of characters of the reading. `missing` shows characters of the reference that were not read."""

    kind: Literal["equal", "wrong", "extra", "missing"]
    text: str
    expected: str = ""


def segments(reference: str, reading: str) -> list[Segment]:
    """Align `reading` with `reference` by the edits that CER counts; case is ignored, as in the report's figures."""
    kinds: dict[str, Literal["equal", "wrong", "extra"]] = {"equal": "equal", "replace": "wrong", "insert": "extra"}
    parts = []
    for edit in Levenshtein.opcodes(_fold(reference), _fold(reading)):
        expected, read = reference[edit.src_start : edit.src_end], reading[edit.dest_start : edit.dest_end]
        if edit.tag == "delete":
            parts.append(Segment("missing", expected, expected))
        else:
            parts.append(Segment(kinds[edit.tag], read, expected))
    return parts


def same(reference: str, reading: str) -> bool:
    """Whether the reading is right, case ignored."""
    return _fold(reference) == _fold(reading)


def _fold(text: str) -> list[str]:
    # Character by character, so that positions stay those of the text ("ẞ".casefold() has two letters).
    return [character.casefold() for character in text]
