"""Counts of characters and labels agree with Python's own; scripts are named."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.data.sources import base
from crnn_deploy.inspection.source.labels import RARE, label_facts, read_texts, script_of
from crnn_deploy.progress import SILENT


class Lines(SimpleNamespace):
    """As much of a source as has texts."""

    name = "lines"

    def __len__(self) -> int:
        return len(self.all)

    def texts(self, indices: np.ndarray) -> list[str]:
        return [self.all[index] for index in indices]


@settings(max_examples=60)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=40), st.integers(1, 9))
def test_counts_are_those_of_all_texts(texts: list[str], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "_TEXTS", block)
        source: Any = Lines(all=texts)
        read = read_texts(source, SILENT)
    found = label_facts(read)
    expected = Counter("".join(texts))
    assert found is not None
    assert found.characters == {
        character.encode("utf-8", "backslashreplace").decode(): count for character, count in expected.items()
    }
    assert list(found.characters.values()) == sorted(expected.values(), reverse=True)
    assert sum(found.scripts.values()) == sum(map(len, texts))
    assert found.rare == sum(count < RARE for count in expected.values())
    assert (found.empty, found.different) == (texts.count(""), len(set(texts)))
    assert (found.length.least, found.length.greatest) == (min(map(len, texts)), max(map(len, texts)))
    assert (read.codes[:, None] == read.codes).tolist() == [[a == b for b in texts] for a in texts]


@pytest.mark.parametrize(
    ("characters", "script"),
    [
        ("aZéßªﬁＡ", "Latin"),
        ("ж", "Cyrillic"),
        ("α", "Greek"),
        ("א", "Hebrew"),
        ("ع", "Arabic"),
        ("漢", "Han"),
        ("ひ", "Hiragana"),
        ("カｶ", "Katakana"),
        ("한", "Hangul"),
        ("क", "Devanagari"),
        ("7٣½", "digits and numbers"),
        (".-", "punctuation"),
        ("+€", "symbols"),
        (" \u00a0", "spaces"),
        ("\u0301", "combining marks"),
        ("\t\u200b\ud800\ue000", "controls and others"),
    ],
)
def test_scripts(characters: str, script: str) -> None:
    assert {script_of(character) for character in characters} == {script}
