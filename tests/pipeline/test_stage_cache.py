"""A stage runs when, and only when, something that it depends on changed or its stored result is damaged."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crnn_deploy.pipeline import stage_cache
from crnn_deploy.pipeline.stage_cache import NotMadeError, StageCache
from crnn_deploy.progress import SILENT, Silent


class Logged(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, text: str) -> None:
        self.lines.append(text)


def read(folder: Path) -> dict[str, int]:
    result: dict[str, int] = json.loads((folder / "result.json").read_text())
    return result


@pytest.fixture
def work() -> Callable[[Path], None]:
    """Writes how often it was called."""
    calls = []

    def write(folder: Path) -> None:
        calls.append(folder)
        (folder / "result.json").write_text(json.dumps({"calls": len(calls)}))

    return write


def test_unchanged_stages_are_not_run_again(tmp_path: Path, work: Callable[[Path], None]) -> None:
    def calls(stage: Any, role: str, depends: dict[str, Any]) -> int:
        cache = StageCache(tmp_path, SILENT)
        count = cache.result(stage, role, depends, work, read)["calls"]
        assert cache.records[0].cached == (count < len(list(tmp_path.iterdir())))
        return count

    assert calls("export", "", {"a": 1, "b": [2]}) == 1
    cache = StageCache(tmp_path, SILENT)
    assert cache.result("export", "", {"b": [2], "a": 1}, work, read) == {"calls": 1}
    assert cache.records[0].cached
    assert calls("export", "", {"a": 2, "b": [2]}) == 2
    assert calls("distill", "", {"a": 1, "b": [2]}) == 3
    assert calls("export", "student", {"a": 1, "b": [2]}) == 4


def test_a_new_format_of_its_code_runs_a_stage_again(
    tmp_path: Path, work: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = StageCache(tmp_path, SILENT)
    cache.result("export", "", {}, work, read)
    cache.result("distill", "", {}, work, read)
    monkeypatch.setattr(stage_cache, "STAGE_FORMATS", {**stage_cache.STAGE_FORMATS, "export": 99})
    assert cache.result("export", "", {}, work, read) == {"calls": 3}
    assert cache.result("distill", "", {}, work, read) == {"calls": 2}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("done.json", ""),
        ("done.json", "{}"),
        ("done.json", "[1"),
        ("result.json", '{"calls": 7}'),
        ("result.json", None),
    ],
)
def test_a_damaged_result_is_made_again_with_a_word(
    tmp_path: Path, work: Callable[[Path], None], file: str, content: str | None
) -> None:
    log = Logged()
    cache = StageCache(tmp_path, log)
    cache.result("evaluate", "student", {}, work, read)
    damaged = next(tmp_path.iterdir()) / file
    damaged.unlink() if content is None else damaged.write_text(content)
    assert cache.result("evaluate", "student", {}, work, read) == {"calls": 2}
    assert any(line.startswith("evaluate-student: the stored result is damaged") for line in log.lines)
    assert [record.cached for record in cache.records] == [False, False]
    assert cache.result("evaluate", "student", {}, work, read) == {"calls": 2}


def test_a_result_that_today_s_code_cannot_read_is_made_again(tmp_path: Path, work: Callable[[Path], None]) -> None:
    def newer(folder: Path) -> int:
        if read(folder)["calls"] == 1:
            raise ValueError("an unknown key")
        return 2

    cache = StageCache(tmp_path, SILENT)
    cache.result("evaluate", "student", {}, work, read)
    assert cache.result("evaluate", "student", {}, work, newer) == 2


def test_an_interrupted_stage_is_run_again_in_its_folder(tmp_path: Path) -> None:
    cache = StageCache(tmp_path, SILENT)

    def interrupted(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.result("distill", "", {}, interrupted, str)
    whole = cache.result(
        "distill", "", {}, lambda folder: (folder / "whole").write_text("y"), lambda folder: folder / "whole"
    )
    assert sorted(p.name for p in whole.parent.iterdir()) == ["done.json", "half", "whole"]
    assert [record.cached for record in cache.records] == [False]


def test_looking_up_runs_nothing_and_changes_nothing(tmp_path: Path, work: Callable[[Path], None]) -> None:
    StageCache(tmp_path, SILENT).result("export", "", {"a": 1}, work, read)
    (folder,) = tmp_path.iterdir()
    os.utime(folder, (1, 1))
    looking = StageCache(tmp_path, SILENT, only_stored=True)
    assert looking.result("export", "", {"a": 1}, work, read) == {"calls": 1}
    with pytest.raises(NotMadeError, match="export-student has no result"):
        looking.result("export", "student", {"a": 1}, work, read)
    (folder / "result.json").write_text("damaged")
    os.utime(folder, (1, 1))
    with pytest.raises(NotMadeError):
        looking.result("export", "", {"a": 1}, work, read)
    assert looking.missing == ["export-student", "export"]
    assert folder.name in looking.used
    assert folder.stat().st_mtime == 1
    assert sorted(path.name for path in folder.iterdir()) == ["done.json", "result.json"]


def test_a_forgotten_stage_is_done_again(tmp_path: Path, work: Callable[[Path], None]) -> None:
    for calls in (1, 2):
        cache = StageCache(tmp_path, SILENT)
        assert cache.result("benchmark", "", {"a": 1}, work, read) == {"calls": calls}
        cache.forget("benchmark")
    assert cache.result("export", "", {"a": 1}, work, read) == {"calls": 3}
    cache.forget("benchmark")
    assert StageCache(tmp_path, SILENT).result("export", "", {"a": 1}, work, read) == {"calls": 3}
