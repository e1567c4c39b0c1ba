"""Answers survive the process that asked for them."""

from __future__ import annotations

from pathlib import Path

import lmdb
import numpy as np
import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.training.teachers import store
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.store import AnswerStore

ANSWER = Answer(np.zeros((3, 2), np.float32), np.ones(3, bool), np.array([1]), 0.5)


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


def test_another_key_is_another_store() -> None:
    first, other = AnswerStore("key"), AnswerStore("other")
    first.put({b"image": ANSWER})
    assert b"image" not in other
    first.close()
    other.close()


def test_a_full_disk_is_the_users_business(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = AnswerStore("key")

    def full(_answer: Answer) -> bytes:
        raise lmdb.DiskError("No space left on device")

    monkeypatch.setattr(store, "encode", full)
    with pytest.raises(InputError, match=r"cannot be kept in .*No space left") as raised:
        answers.put({b"image": ANSWER})
    assert "CRNN_DEPLOY_CACHE" in raised.value.fix
    assert b"image" not in answers  # and the store still works
    answers.close()


def test_a_cache_that_is_no_folder_is_the_users_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="a file lies where its folder should be"):
        AnswerStore("key")


def test_a_damaged_store_is_the_users_business(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "teachers" / "key"
    folder.mkdir(parents=True)
    (folder / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(InputError, match="cannot be opened"):
        AnswerStore("key")
