"""What people and programs see of a data set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from data.conftest import labelled, picture, png, write_folder, write_tar

from .workshop import invoke


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    write_tar(tmp_path / "lines.tar", labelled(["ab", "b\u202e", "b"]))
    files = {"one/a.png": png(picture(0)), "two/b.png": png(picture(0)), "two/c.png": png(picture(1, width=400))}
    write_folder(tmp_path / "classes", {**files, "two/d.png": b"broken"})


def shown(command: str) -> list[str]:
    result = invoke(command)
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_lines_of_text() -> None:
    rows = shown("inspect lines.tar --data classes")
    for row in (
        "kind lines of text",
        "images 3",
        "height all 20 pixels",
        "33–64 3 ██████████████████████████████",
        "texts 1–2 characters; 10 % ≤ 1, median 2, 90 % ≤ 2",
        "3 different ones; none of them empty",
        "characters 3, 3 of them less than 10 times",
        r"most frequent b ×3, a ×1, \u202e ×1",
        "scripts Latin ×4, controls and others ×1",
        "doubles none",
        "shared 1 image with classes (2 there), such as images/0.png",
    ):
        assert row in rows, rows


def test_classes() -> None:
    rows = shown("inspect classes")
    for row in (
        "kind pictures with classes",
        "classes 2: one ×1, two ×3",
        "doubles 2 images have 1 content: 0 with one label, 1 with contradicting ones",
        "one/a.png = two/b.png: 'one', 'two'",
        "broken 1: two/d.png",
    ):
        assert row in rows, rows


def test_json_is_one_object() -> None:
    result = invoke("inspect lines.tar --data classes --json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["labels"]["characters"] == {"b": 3, "a": 1, "\u202e": 1}
    assert found["config"] == {"location": "lines.tar", "data": "classes"}
    assert (found["shared"]["images"], found["shared"]["images_there"]) == (1, 2)
    assert "U+202E" in found["remarks"][0]
