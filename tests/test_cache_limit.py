"""The cache folder stays within its limit; what is in use, and what is not of this project, stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crnn_deploy import locking
from crnn_deploy.cache_limit import (
    DEFAULT_LIMIT,
    LIMIT_VARIABLE,
    CacheName,
    CacheState,
    cache_entries,
    cache_place,
    cache_state,
    in_use,
    keep_within,
    limit_cache,
)
from crnn_deploy.errors import InputError

HOUR = 3600


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kept(kind: CacheName, name: str, hours_ago: float, size: int = 100) -> Path:
    """An entry that was used some hours ago: a file, or a folder where its kind has folders."""
    entry = cache_place(kind) / name
    file = entry if entry.suffix else entry / "data" / "file"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    used = time.time() - hours_ago * HOUR
    os.utime(entry, (used, used))
    return entry


def test_those_used_longest_ago_go_first_whatever_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = kept("teachers", "a" * 32, hours_ago=1)
    plugin = kept("plugin", "b" * 16, hours_ago=3)
    timing = kept("timing", "tensorrt-10.cache", hours_ago=2)
    monkeypatch.setenv(LIMIT_VARIABLE, "200")
    assert limit_cache(teacher) == 100
    assert [entry.exists() for entry in (teacher, plugin, timing)] == [True, False, True]
    assert limit_cache(teacher) == 0
    monkeypatch.setenv(LIMIT_VARIABLE, "199 B")
    assert limit_cache(teacher) == 100
    assert [entry.exists() for entry in (teacher, timing)] == [True, False]
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    assert limit_cache(teacher) == 0  # what was just added stays, whatever the limit
    assert teacher.exists()


def test_what_is_in_use_stays_and_counts_as_used_now() -> None:
    used, idle = kept("teachers", "a" * 32, hours_ago=9), kept("teachers", "b" * 32, hours_ago=1)
    with in_use(used):
        assert keep_within(cache_entries("teachers"), 0) == 100
        assert [used.exists(), idle.exists()] == [True, False]
    assert max(cache_entries("teachers"), key=lambda entry: entry.last_use).path == used
    assert keep_within(cache_entries("teachers"), 0) == 100


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_another_process_holds_an_entry_until_it_is_killed() -> None:
    entry = kept("students", f"{'a' * 16}.json", hours_ago=9)
    code = (
        "import sys\nfrom pathlib import Path\nfrom crnn_deploy.cache_limit import in_use\n"
        "with in_use(Path(sys.argv[1])):\n print(flush=True)\n input()"
    )
    command = [sys.executable, "-c", code, str(entry)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert keep_within(cache_entries("students"), 0) == 0
        process.kill()
        process.wait()
    assert keep_within(cache_entries("students"), 0) == 100


def test_an_entry_that_is_evicted_while_it_is_taken_must_be_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = kept("plugin", "b" * 16, hours_ago=3)

    def evict(*_: object, **__: object) -> None:
        entry.rename(entry.with_name("aside"))
        entry.mkdir()

    monkeypatch.setattr(locking, "lock", evict)
    with pytest.raises(FileNotFoundError), in_use(entry):
        pass


def test_files_of_others_stay(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = [cache / "holiday.jpg", cache / "teachers" / "class.txt", cache / "photos" / ("a" * 32) / "p.jpg"]
    for file in mine:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
    (cache / "teachers" / ("c" * 32)).symlink_to(cache / "photos")
    kept("teachers", "a" * 32, hours_ago=1)
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    assert limit_cache(cache / "absent") == 100
    assert all(file.read_text() == "mine" for file in mine)
    assert (cache / "teachers" / ("c" * 32)).is_symlink()


def test_old_leftovers_go_and_young_ones_stay() -> None:
    leftovers = [
        kept("timing", f".tensorrt.0123abcd~part{number}.cache", hours) for number, hours in enumerate((1, 30))
    ]
    limit_cache(leftovers[0])
    assert [leftover.exists() for leftover in leftovers] == [True, False]


def test_a_limit_that_is_no_size_is_the_users_business(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "much")
    with pytest.raises(InputError, match="LIMIT=much: a size is a number") as raised:
        limit_cache(cache)
    assert "20GB" in raised.value.fix


def test_the_state_tells_what_there_is_of_each_kind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_state() == CacheState(cache, DEFAULT_LIMIT, ())
    kept("students", f"{'a' * 16}.json", hours_ago=0)
    kept("teachers", "a" * 32, hours_ago=0)
    kept("teachers", "b" * 32, hours_ago=0)
    monkeypatch.setenv(LIMIT_VARIABLE, "2 kB")
    state = cache_state()
    assert (state.limit_bytes, state.bytes) == (2000, 300)
    assert [(kind.name, kind.entries, kind.bytes) for kind in state.kinds] == [
        ("teachers", 2, 200),
        ("students", 1, 100),
    ]
