"""Marks that nobody sees are told once, and stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from data.conftest import labelled, write_folder
from told import Told

from crnn_deploy.data.sources.opening import open_source


@pytest.mark.parametrize(
    "text",
    [
        "a\u200bb",
        "co\u00adop",
        "\u200eabc",
        "abc\u200f",
        "a\ufeffb",
        "\u202babc\u202c",
        "a\u2060b",
        "a\u200db",
        "\u200cab",
    ],
    ids=ascii,
)
def test_a_mark_is_told_and_stays(tmp_path: Path, text: str) -> None:
    told = Told()
    source = open_source(write_folder(tmp_path, labelled(["plain", text, "ééé"])), told)
    assert source.text(1) == text
    assert len(told.lines) == 1
    assert "1 of 3 labels" in told.lines[0]
    assert "the first is of images/1.png" in told.lines[0]


def test_marks_are_counted(tmp_path: Path) -> None:
    told = Told()
    open_source(write_folder(tmp_path, labelled(["\u200b\u200b", "x\u00ad", "y\u200b"])), told)
    assert "3 of 3 labels" in told.lines[0]
    assert "U+200B ZERO WIDTH SPACE ×3, U+00AD SOFT HYPHEN ×1" in told.lines[0]


@pytest.mark.parametrize("text", ["می\u200cخواهم", "ക്\u200d", "👩\u200d🚀", "é ü \u00a0", "שלום"], ids=ascii)
def test_joiners_that_a_script_needs_are_not_told(tmp_path: Path, text: str) -> None:
    told = Told()
    assert open_source(write_folder(tmp_path, labelled([text])), told).text(0) == text
    assert told.lines == []
