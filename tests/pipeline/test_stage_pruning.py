"""Only what the recipe does not refer to is removed, and of that only what stages wrote."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from crnn_deploy.pipeline import stage_pruning
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.pipeline.stage_pruning import Referred, disused, foreign_files
from crnn_deploy.progress import SILENT

KEYS = ("a" * 12, "b" * 12, "c" * 12)


def finished(root: Path, number: int) -> str:
    """A result of `export`; returns the name of its folder."""
    cache = StageCache(root, SILENT)

    def work(folder: Path) -> None:
        (folder / "weights").mkdir()
        (folder / "weights" / "0.bin").write_bytes(bytes(100))
        (folder / "student.onnx").write_bytes(bytes(number))

    cache.result("export", "student", {"number": number}, work, str)
    return cache.records[0].folder


def unfinished(root: Path, name: str, *files: str) -> Path:
    for file in files:
        path = root / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    return root / name


def prune(root: Path, *names: str, complete: bool = True, keep_days: float = 0) -> list[tuple[str, str]]:
    """Path and kind of what is removed."""
    parts = list(disused(root, Referred(names, complete, keep_days)))
    for part in parts:
        part.remove()
    return [(part.path.relative_to(root).as_posix(), part.kind) for part in parts if part.files]


def left(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_results_of_other_keys_go(tmp_path: Path) -> None:
    first, second = finished(tmp_path, 1), finished(tmp_path, 2)
    (part,) = disused(tmp_path, Referred({second}, complete=True))
    assert part.bytes == sum(file.stat().st_size for file in (tmp_path / first).rglob("*") if file.is_file())
    assert prune(tmp_path, second) == [(first, "old result")]
    assert left(tmp_path) == [second]
    assert prune(tmp_path, second) == []


def test_what_was_used_lately_can_be_spared(tmp_path: Path) -> None:
    old, new = finished(tmp_path, 1), finished(tmp_path, 2)
    used = time.time() - 3 * 24 * 3600
    os.utime(tmp_path / old, (used, used))
    assert prune(tmp_path, keep_days=4) == []
    assert prune(tmp_path, keep_days=2) == [(old, "old result")]
    assert left(tmp_path) == [new]


def test_while_a_stage_is_missing_results_of_unreached_stages_stay(tmp_path: Path) -> None:
    exported = finished(tmp_path, 1)
    old, current = (unfinished(tmp_path, f"distill-{key}", "student.log").name for key in KEYS[:2])
    assert prune(tmp_path, current, complete=False) == [(old, "unfinished")]
    assert left(tmp_path) == sorted([exported, current])


def test_unfinished_work_of_another_key_goes_and_that_of_this_one_keeps_its_state(tmp_path: Path) -> None:
    state = "student.safetensors.training/distill.pt"
    half = "student.safetensors.training/.distill.0123abcd~part.pt"
    old, current = (unfinished(tmp_path, f"distill-{key}", state, half) for key in KEYS[:2])
    assert prune(tmp_path, current.name) == [(old.name, "unfinished"), (f"{current.name}/{half}", "temporary")]
    assert left(tmp_path) == [current.name]
    assert (current / state).exists()
    assert not (current / half).exists()


def test_files_that_are_part_of_a_result_stay_in_it(tmp_path: Path) -> None:
    """However they are called: without them the result would be damaged."""
    cache = StageCache(tmp_path, SILENT)
    cache.result("export", "", {}, lambda folder: (folder / ".x.0123abcd~part.onnx").write_text("x"), str)
    assert prune(tmp_path, cache.records[0].folder) == []


@pytest.mark.parametrize("complete", [True, False])
def test_files_of_others_stay_and_are_named(tmp_path: Path, complete: bool) -> None:
    result = tmp_path / finished(tmp_path, 1)
    half = unfinished(tmp_path, f"export-student-{KEYS[0]}", "student.onnx", "notes.txt", "mine/photo.jpg")
    beside = unfinished(tmp_path, "notes", "notes.txt")
    (tmp_path / f"distill-{KEYS[1]}").symlink_to(beside)
    (result / "weights" / "mine.txt").write_text("mine")
    (half / "link").symlink_to(beside)
    current = f"export-student-{KEYS[2]}"
    foreign = [file for part in disused(tmp_path, Referred({current}, complete)) for file in part.foreign]
    assert set(foreign) == {half / "notes.txt", half / "mine" / "photo.jpg", half / "link", result / "weights/mine.txt"}
    assert foreign_files(tmp_path) == [tmp_path / f"distill-{KEYS[1]}", beside]
    prune(tmp_path, current, complete=complete)
    assert all(os.path.lexists(file) for file in foreign)
    assert (beside / "notes.txt").exists()
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == [
        "mine.txt", "notes.txt", "notes.txt", "photo.jpg"
    ]  # fmt: skip
    assert prune(tmp_path, current, complete=complete) == []


@pytest.mark.parametrize("done", [True, False])
def test_killed_anywhere_the_next_one_ends_it(tmp_path: Path, done: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    name = finished(tmp_path, 1) if done else f"distill-{KEYS[0]}"
    if not done:
        unfinished(tmp_path, name, "student.log", "student.safetensors.training/key", "student.safetensors")
    remove = stage_pruning.remove

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    for count in (0, 1, 1):
        removals = iter([remove] * count)
        monkeypatch.setattr(stage_pruning, "remove", lambda path, next_of=removals: next(next_of, killed)(path))
        with pytest.raises(KeyboardInterrupt):
            prune(tmp_path)
    monkeypatch.setattr(stage_pruning, "remove", remove)
    prune(tmp_path)
    assert left(tmp_path) == []
