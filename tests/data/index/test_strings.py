"""Strings come back from their bytes, one by one and in runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.data.index.strings import Numbered, Strings

file_names = st.text(st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))


@given(st.lists(file_names, max_size=30), st.data())
def test_all_come_back_in_any_order(strings: list[str], data: st.DataObject) -> None:
    """Also those of file names that are no UTF-8, and with NULs inside."""
    kept = Strings.of(iter(strings))
    assert list(kept) == strings
    assert len(kept) == len(strings)
    indices = data.draw(st.lists(st.integers(0, len(strings) - 1)) if strings else st.just([]))
    assert kept.at(np.array(indices, np.intp)) == [strings[index] for index in indices]


def test_runs_of_neighbours_and_single_ones_are_the_same() -> None:
    strings = [f"line {number} é" for number in range(1000)]
    kept = Strings.of(strings)
    indices = np.flatnonzero(np.arange(1000) % 97)
    assert kept.at(indices) == [strings[index] for index in indices]
    assert [kept[0], kept[-1]] == [strings[0], strings[-1]]
    with pytest.raises(IndexError):
        kept[1000]


def test_numbered_names() -> None:
    names = Numbered("image-%09d", 1, 12)
    assert len(names) == 12
    assert (names[0], names[-1]) == ("image-000000001", "image-000000012")
    assert list(names)[3] == names[3] == "image-000000004"
    with pytest.raises(IndexError):
        names[12]
