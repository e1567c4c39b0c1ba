"""Processes of one command deal work, exchange results, and notice when one of them ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from started_ranks import run, start

from crnn_deploy.errors import InputError
from crnn_deploy.ranks import ALONE, Ranks, connected_ranks, named_ranks, require_one_process


def exchange() -> dict[str, object]:
    with connected_ranks() as ranks:
        own = [(ranks.rank, number) for number in ranks.deal(range(7))]
        return {
            "gathered": ranks.gather(ranks.rank * 10),
            "first": ranks.from_first({"from": ranks.rank}),
            "in order": list(ranks.interleaved(own)),
            "nothing": list(ranks.interleaved([])),
            "error": caught(ranks),
            "threads": ranks.threads,
        }


def caught(ranks: Ranks) -> list[object]:
    """What the first process gets from one that fails at its second thing."""

    def things() -> Iterator[str]:
        yield f"of {ranks.rank}"
        if ranks.rank == 1:
            raise InputError("It is broken.", "A cause.", "A fix.")
        yield "more"

    found: list[object] = []
    try:
        found.extend(ranks.interleaved(things()))
    except InputError as error:
        found.append((error.what, error.cause, error.fix))
    return found


def test_two_processes_exchange_results(tmp_path: Path) -> None:
    first, second = run(exchange, tmp_path)
    assert first["gathered"] == second["gathered"] == [0, 10]
    assert first["first"] == second["first"] == {"from": 0}
    assert first["in order"] == [(0, 0), (1, 1), (0, 2), (1, 3), (0, 4), (1, 5), (0, 6)]
    assert first["error"] == ["of 0", "of 1", "more", ("It is broken.", "A cause.", "A fix.")]
    assert [second[name] for name in ("in order", "error", "nothing")] == [[], [], []]
    assert first["threads"] == max(1, len(os.sched_getaffinity(0)) // 2)


def end_or_wait() -> str:
    try:
        with connected_ranks() as ranks:
            ranks.wait()
            if ranks.rank == 1:
                os._exit(9)
            ranks.wait()
    except InputError as error:
        return error.what
    return "heard"


def test_who_waits_for_a_process_that_ends_is_told_so(tmp_path: Path) -> None:
    waiting, killed = start(end_or_wait, tmp_path)
    waiting.join(60)
    killed.join(60)
    assert (waiting.exitcode, killed.exitcode) == (0, 9)
    assert b"Another process of this command has ended" in (tmp_path / "0.pickle").read_bytes()


def test_one_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with connected_ranks() as ranks:
        assert ranks == ALONE
        assert list(ranks.deal("abc")) == list("abc")
        assert ranks.gather(1) == [1]
        assert list(ranks.interleaved("ab")) == ["a", "b"]
        assert ranks.threads is None
    require_one_process("This")


def test_wrong_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("WORLD_SIZE", "two"), ("WORLD_SIZE", "0"), ("LOCAL_WORLD_SIZE", "0"), ("RANK", "-1")):
        monkeypatch.setenv(name, text)
        with pytest.raises(InputError, match=f"{name}={text} is no number"):
            named_ranks()
        monkeypatch.delenv(name)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="done by one process"):
        require_one_process("Reading whole pages")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(InputError, match="can't be connected"), connected_ranks():
        pass
