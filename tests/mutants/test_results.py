"""Results are kept and shown; explanations are held against the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutants import results
from mutants.python_mutations import python_mutations
from mutants.results import Result, ResultFile, page
from mutants.rooms import ROOMS, ROOT

PATH = "crnn_deploy/units.py"
FOUND = python_mutations(PATH, (ROOT / PATH).read_text(encoding="utf-8"))[:4]


@pytest.fixture
def explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third mutation is explained, and one that is none."""
    third = FOUND[2]
    file = tmp_path / "equivalents.yaml"
    changes = [(third.line.strip(), third.changed_line.strip()), ("gone < 1", "gone <= 1")]
    lines = [f"- path: {PATH}", "  reason: too small to see", "  changes:"]
    lines += [f"    - {{before: {before!r}, after: {after!r}}}" for before, after in changes]
    file.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(results, "EQUIVALENTS", file)


@pytest.mark.usefixtures("explained")
def test_the_page_counts_each_room_and_shows_what_survived() -> None:
    found = [
        Result("units", FOUND[0], "killed", "tests/test_units.py::test_size"),
        Result("units", FOUND[1], "survived"),
        Result("units", FOUND[2], "survived"),
        Result("other", FOUND[3], "broken"),
    ]
    text = page(found, {"units": FOUND})
    assert "| units | 3 | 1 | 1 | 1 | 50.0% |" in text
    assert "| other | 0 | 0 | 0 | 0 | – |" in text
    assert "| all | 3 | 1 | 1 | 1 | 50.0% |" in text
    survivors, others = text.split("## Survivors")[1].split("## Explained as equivalent")
    assert f"{PATH}:{FOUND[1].number}" in survivors
    assert "too small to see" in others
    assert "no such mutation any more: crnn_deploy/units.py: `` gone < 1 ``" in others


@pytest.mark.usefixtures("explained")
def test_an_explanation_of_what_a_test_kills_is_told() -> None:
    text = page([Result("units", FOUND[2], "killed", "test_size")], {"units": FOUND})
    assert "a test kills it (test_size)" in text


def test_what_was_killed_is_not_tried_again_and_what_survived_is(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    killed, survived = Result("units", FOUND[0], "killed", "test_size"), Result("units", FOUND[1], "survived")
    for result in (killed, survived):
        ResultFile(path).add(result)
    later = ResultFile(path)
    assert [later.find("units", mutation) for mutation in FOUND[:3]] == [killed, None, None]


def test_every_room_names_tests_that_exist() -> None:
    for room in ROOMS.values():
        for file in room.files():
            stages = room.stages(file.relative_to(ROOT).as_posix())
            named = [test for stage in stages for test in stage if not test.startswith("--")]
            assert named
            assert all((ROOT / test).exists() for test in named)
