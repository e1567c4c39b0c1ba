"""A stage runs when, and only when, something that it depends on changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.progress import SILENT


def test_unchanged_stages_are_not_run_again(tmp_path: Path) -> None:
    calls = []

    def work(folder: Path) -> None:
        calls.append(folder)
        (folder / "result").write_text("x")

    first = StageCache(tmp_path, SILENT).folder("stage", {"a": 1, "b": [2]}, work)
    cache = StageCache(tmp_path, SILENT)
    assert cache.folder("stage", {"b": [2], "a": 1}, work) == first
    assert len(calls) == 1
    assert cache.records[0].cached
    assert cache.folder("stage", {"a": 2, "b": [2]}, work) != first
    assert cache.folder("other", {"a": 1, "b": [2]}, work) != first
    assert len(calls) == 3


def test_an_interrupted_stage_is_run_again_in_its_folder(tmp_path: Path) -> None:
    cache = StageCache(tmp_path, SILENT)

    def interrupted(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.folder("stage", {}, interrupted)
    folder = cache.folder("stage", {}, lambda folder: (folder / "whole").write_text("y"))
    assert sorted(p.name for p in folder.iterdir()) == ["done.json", "half", "whole"]
    assert [record.cached for record in cache.records] == [False]
