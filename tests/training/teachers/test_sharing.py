"""Two processes ask a teacher as one does: the same answers, each image asked for once, also after kills."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import lmdb
import pytest
from started_ranks import run, start

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model
from crnn_deploy.progress import SILENT
from crnn_deploy.ranks import connected_ranks
from crnn_deploy.training.teachers import store as stores
from crnn_deploy.training.teachers.asking import AskOptions, Teacher
from crnn_deploy.training.teachers.sharing import share_answers
from crnn_deploy.training.teachers.store import AnswerStore
from crnn_deploy.training.validator import validator

from ..tiny import draw_lines

STEPS = ("put", "_commit", "take_over", "commit", "reopen")
"""Steps of a store before which a process is killed."""


def ask(teacher: Path, data: Path, log: Path, killed: tuple[int, int] | None = None) -> float:
    """Ask for all answers, and measure the error of the teacher.

    Args:
        log: receives the hash of each image that is asked for, with the word `asked`; then `stored`.
        killed: a rank, and the number of the step before which its process is killed.
    """
    artifact = open_artifact(teacher)
    stores._BLOCK = 4000  # bytes: several commits
    with connected_ranks() as ranks:
        if killed is not None and ranks.rank == killed[0]:
            kill_before(killed[1])
        tell(log)
        with Teacher(artifact, artifact.spec, AskOptions(), ranks) as asked:
            answers = asked.answers(open_source(data), SILENT)
            assert all(len(answers[index].frames) for index in range(len(answers)))
        return validator(artifact.spec, open_source(data), False, ranks)(load_model(artifact))


def kill_before(number: int) -> None:
    """End this process at once before a step of its stores."""
    done = 0

    def counting(step: str) -> None:
        original = getattr(AnswerStore, step)

        def counted(self: AnswerStore, *args: Any) -> Any:
            nonlocal done
            done += 1
            if done > number:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(self, *args)

        setattr(AnswerStore, step, counted)

    for step in STEPS:
        counting(step)


def tell(log: Path) -> None:
    """Write down what is stored; a line is written at once."""
    put = AnswerStore.put

    def telling(self: AnswerStore, answers: dict[bytes, Any]) -> None:
        for word, act in (("asked", None), ("stored", put)):
            if act is not None:
                act(self, answers)
            with log.open("a") as file:
                file.write("".join(f"{word} {content.hex()}\n" for content in answers))

    AnswerStore.put = telling  # type: ignore[method-assign]


def told(log: Path, word: str) -> Counter[str]:
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return Counter(content for said, content in lines if said == word)


CONTENT_BYTES = 16  # of a hash; longer keys note which sources have all answers


def kept(cache: Path) -> dict[bytes, bytes]:
    """All answers in the one store of a cache folder."""
    (folder,) = (cache / "teachers").iterdir()
    assert [file.name for file in sorted(folder.iterdir())] == ["data.mdb", "lock.mdb"]
    with lmdb.open(str(folder), readonly=True) as database, database.begin() as transaction:
        return {content: answer for content, answer in transaction.cursor() if len(content) == CONTENT_BYTES}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """130 lines, of which the last is the first once more."""
    folder = draw_lines(tmp_path / "asked", 129, seed=5)
    (folder / "129.png").write_bytes((folder / "000.png").read_bytes())
    with (folder / "labels.tsv").open("a") as labels:
        labels.write("129.png\tAB\n")
    return folder


@pytest.fixture
def alone(
    tmp_path: Path, data: Path, make_teacher: Any, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[bytes, bytes], float]:
    """The answers, and the error, of one process."""
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache of one"))
    (error,) = run(ask, tmp_path / "one", make_teacher().path, data, tmp_path / "one.log", count=1)
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))
    return kept(tmp_path / "cache of one"), error


def test_two_processes_get_the_answers_and_the_error_of_one(
    tmp_path: Path, data: Path, make_teacher: Any, alone: tuple[dict[bytes, bytes], float]
) -> None:
    log = tmp_path / "asked.log"
    assert run(ask, tmp_path / "two", make_teacher().path, data, log) == [alone[1]] * 2
    assert kept(tmp_path / "cache") == alone[0]
    assert len(alone[0]) == 129
    assert set(told(log, "asked").values()) == {1}
    assert run(ask, tmp_path / "two", make_teacher().path, data, tmp_path / "again.log") == [alone[1]] * 2
    assert not told(tmp_path / "again.log", "asked")


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_process_loses_nothing(
    tmp_path: Path, data: Path, make_teacher: Any, alone: tuple[dict[bytes, bytes], float], seed: int
) -> None:
    """Whichever it is, and at any step; the other ends by itself, and the same command continues."""
    draw = random.Random(seed)
    killed = (seed % 2, draw.randrange(12))
    teacher = make_teacher().path
    processes = start(ask, tmp_path / "killed", teacher, data, tmp_path / "first.log", killed)
    for process in processes:
        process.join(60)
    assert processes[killed[0]].exitcode in (-signal.SIGKILL, 0)  # a process may have fewer steps
    assert run(ask, tmp_path / "two", teacher, data, tmp_path / "second.log") == [alone[1]] * 2
    stored, asked = told(tmp_path / "first.log", "stored"), told(tmp_path / "second.log", "asked")
    assert not stored & asked
    assert (told(tmp_path / "first.log", "asked") + asked).keys() == {content.hex() for content in alone[0]}
    assert kept(tmp_path / "cache") == alone[0]


def ask_on_its_own_disk(teacher: Path, data: Path, cache: Path) -> str:
    os.environ["CRNN_DEPLOY_CACHE"] = str(cache / os.environ["RANK"])
    try:
        ask(teacher, data, cache / "log")
    except InputError as error:
        return str(error)
    return ""


def test_a_machine_with_another_cache_folder_is_named(tmp_path: Path, data: Path, make_teacher: Any) -> None:
    first, second = run(ask_on_its_own_disk, tmp_path / "two", make_teacher().path, data, tmp_path / "caches")
    assert first == second
    assert f"{tmp_path / 'caches' / '1'}" in first
    assert "CRNN_DEPLOY_CACHE" in first


def test_answers_that_another_process_does_not_see_are_told() -> None:
    class Blind:
        count, first = 2, True

        def wait(self) -> None:
            pass

        def gather(self, value: int) -> list[int]:
            return [value, 0]

    answers = AnswerStore("key")
    with pytest.raises(InputError, match="1 of 1 answers"):
        share_answers(answers, [b"never put"], Blind())  # type: ignore[arg-type]
    answers.close()
