"""A full disk, a folder that is none and damaged answers are told, with what to do."""

from __future__ import annotations

from pathlib import Path

import lmdb
import pytest
from told import Told

from crnn_deploy.cache_limit import LIMIT_VARIABLE
from crnn_deploy.errors import InputError
from crnn_deploy.training.teachers import store
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.store import AnswerStore

from .stored import ANSWER, fill


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


def test_a_store_that_cannot_be_opened_is_the_users_business(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise lmdb.DiskError("No space left on device")

    monkeypatch.setattr(lmdb, "open", full)
    with pytest.raises(InputError, match=r"cannot be opened: No space left"):
        AnswerStore("key")


@pytest.mark.parametrize("damage", ["no database", "cut off"])
def test_a_damaged_store_is_made_again_with_a_word(tmp_path: Path, damage: str) -> None:
    fill("key", images=300)
    file = tmp_path / "cache" / "teachers" / "key" / "data.mdb"
    file.write_bytes(b"no database" * 1000 if damage == "no database" else file.read_bytes()[:16384])
    told = Told()
    answers = AnswerStore("key", told)
    assert b"image 0" not in answers
    answers.put({b"image": ANSWER})
    assert b"image" in answers
    answers.close()
    (line,) = told.lines
    assert "damaged: the teacher is asked again" in line


def test_a_damaged_answer_is_named(tmp_path: Path) -> None:
    fill("key")
    with lmdb.open(str(tmp_path / "cache" / "teachers" / "key")) as database, database.begin(write=True) as transaction:
        transaction.put(b"image 0", b"no answer")
    answers = AnswerStore("key")
    with pytest.raises(InputError, match="is damaged") as raised:
        answers[b"image 0"]
    assert "Remove" in raised.value.fix
    answers.close()


def test_a_limit_that_is_no_size_is_told_before_the_teacher_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "much")
    with pytest.raises(InputError, match="a size is a number"):
        AnswerStore("key")
