"""Answers survive the process that asked for them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.cache_limit import LIMIT_VARIABLE, cache_entries
from crnn_deploy.data.index.facts import Contents
from crnn_deploy.training.preparing import prepared
from crnn_deploy.training.teachers import store
from crnn_deploy.training.teachers.journal import Journal
from crnn_deploy.training.teachers.store import AnswerStore

from .stored import ANSWER, fill


def test_answers_are_there_when_the_store_is_opened_again() -> None:
    first = AnswerStore("key")
    first.put({b"image": ANSWER})
    first.close()
    again = AnswerStore("key")
    assert b"image" in again
    assert b"other" not in again
    assert again[b"image"].targets.tolist() == [1]
    with pytest.raises(KeyError):
        again[b"other"]
    again.close()


def test_it_says_which_images_have_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_IN_ORDER", 3)
    hashes = np.random.default_rng(0).integers(1 << 63, size=(10, 2), dtype=np.uint64)
    contents = Contents(hashes[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 4]])
    answers = AnswerStore("key")
    assert answers.lacking(contents) == list(range(11))
    answers.put({contents[place]: ANSWER for place in (0, 3, 7)})
    answers.commit()
    answers.put({contents[9]: ANSWER})
    assert answers.lacking(contents) == [1, 2, 4, 5, 6, 8, 10]
    answers.close()


def test_what_is_known_to_be_whole_is_no_answer() -> None:
    answers, digest = AnswerStore("key"), bytes(range(16))
    assert not answers.has_all(digest)
    answers.note_all(digest)
    answers.close()
    again = AnswerStore("key")
    assert again.has_all(digest)
    assert not again.has_all(digest[::-1])
    assert digest not in again
    again.close()


def test_answers_are_read_through_a_database_that_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what was read does not stay in the memory; those that are not yet committed are there, too."""
    monkeypatch.setattr(store, "_AT_RANDOM", 2)
    answers, opened = AnswerStore("key"), []
    monkeypatch.setattr(answers, "reopen", lambda: (opened.append(1), AnswerStore.reopen(answers)))
    answers.put({b"image": ANSWER})
    answers.commit()
    answers.put({b"other": ANSWER})
    for _ in range(5):
        assert answers[b"image"].confidence == answers[b"other"].confidence == ANSWER.confidence
    assert len(opened) == 4
    answers.close()


def test_forked_processes_read_through_readers_of_their_own() -> None:
    """LMDB gives a reader a place by its process, which a fork would share."""
    answers = AnswerStore("key")
    answers.put({b"image": ANSWER})
    answers.commit()
    assert answers[b"image"].targets.tolist() == [1]

    def read(_: int) -> tuple[int, list[int]]:
        targets = answers[b"image"].targets.tolist()
        return answers._process, targets

    found = list(prepared(read, range(4), 2))
    assert all(targets == [1] for _, targets in found)
    assert os.getpid() not in {opened_by for opened_by, _ in found}
    assert answers[b"image"].targets.tolist() == [1]
    answers.close()


def test_what_a_killed_process_has_put_is_there(tmp_path: Path) -> None:
    """It ends between two commits, in the middle of a write."""
    script = """
import os
from crnn_deploy.training.teachers.store import AnswerStore
from stored import ANSWER
store = AnswerStore("key")
for number in range(100):
    store.put({f"image {number}".encode(): ANSWER})
    if number == 49:
        store.commit()
store._journal._file.write(b"half a rec")
os._exit(9)
"""
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    killed = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert killed.returncode == 9
    answers = AnswerStore("key")
    assert all(f"image {number}".encode() in answers for number in range(100))
    assert answers[b"image 99"].targets.tolist() == [1]
    answers.close()
    assert not list((tmp_path / "cache" / "teachers" / "key").glob("*.journal"))


def test_answers_are_committed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_BLOCK", 3 * len(store.encode(ANSWER)))
    commits = []
    monkeypatch.setattr(AnswerStore, "_commit", lambda _self, records: commits.append(len(records)))
    answers = AnswerStore("key")
    for number in range(7):
        answers.put({f"image {number}".encode(): ANSWER})
        assert f"image {number}".encode() in answers or len(commits)
    answers.close()
    assert commits == [3, 3, 1]


def test_the_journal_of_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "teachers" / "key"
    answers = AnswerStore("key")
    journal = Journal(folder)  # of another process
    journal.append({b"image": store.encode(ANSWER)})
    answers.close()
    again = AnswerStore("key")
    assert b"image" not in again
    again.close()
    journal.close()
    assert not list(folder.glob("*.journal"))


def test_another_key_is_another_store() -> None:
    first, other = AnswerStore("key"), AnswerStore("other")
    first.put({b"image": ANSWER})
    assert b"image" not in other
    first.close()
    other.close()


def test_the_answers_used_longest_ago_make_room_and_those_in_use_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, older, held = (letter * 32 for letter in "abc")
    for key, days in ((old, 1), (older, 2), (held, 3)):
        fill(key, images=100)
        used = time.time() - days * 86400
        os.utime(tmp_path / "cache" / "teachers" / key, (used, used))
    monkeypatch.setenv(LIMIT_VARIABLE, str(sum(entry.bytes for entry in cache_entries("teachers")) - 1))
    first = AnswerStore(held)
    assert stores(tmp_path) == [old, held]
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    fill("d" * 32)
    assert stores(tmp_path) == [held, "d" * 32]
    assert b"image 7" in first
    first.put({b"image": ANSWER})
    first.close()
    assert stores(tmp_path) == [held]


def stores(tmp_path: Path) -> list[str]:
    return sorted(folder.name for folder in (tmp_path / "cache" / "teachers").iterdir())
