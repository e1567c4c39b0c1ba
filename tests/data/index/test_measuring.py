"""One pass over many images, by one process or several."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from encoded_pictures import LEFT_TO_PILLOW, PLAIN

from crnn_deploy.data.index import measuring
from crnn_deploy.data.index.facts import Fact
from crnn_deploy.data.index.measuring import fact_of_file, measure
from crnn_deploy.progress import SILENT


def numbered(index: int) -> Fact:
    return Fact(index % 300 + 1, 32, index.to_bytes(16, "little"), index % 97 == 0, False)


@pytest.fixture
def several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_BLOCK", 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})


@pytest.mark.usefixtures("several_processes")
def test_several_processes_find_the_same() -> None:
    found = measure(1000, numbered, "lines", SILENT)
    assert list(found.contents()) == [index.to_bytes(16, "little") for index in range(1000)]
    assert found.width.tolist() == [index % 300 + 1 for index in range(1000)]
    assert np.flatnonzero(found.broken).tolist() == list(range(0, 1000, 97))


@pytest.mark.usefixtures("several_processes")
def test_what_a_killed_process_left_is_measured() -> None:
    parent = os.getpid()

    def deadly(index: int) -> Fact:
        if index == 500 and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return numbered(index)

    assert list(measure(1000, deadly, "lines", SILENT).contents()) == list(
        measure(1000, numbered, "lines", SILENT).contents()
    )


@pytest.mark.parametrize("kind", [*PLAIN, *LEFT_TO_PILLOW])
def test_a_file_is_hashed_and_its_upright_size_found(kind: str) -> None:
    data = {**PLAIN, **LEFT_TO_PILLOW}[kind]
    fact = fact_of_file(lambda: data)
    assert fact.content == hashlib.blake2b(data, digest_size=16).digest()
    assert (fact.width, fact.height) == ((0, 0) if not data else (23, 91) if "turned" in kind else (91, 23))
    assert fact.broken == (not data)
    assert fact.animated == ("animated" in kind)


@pytest.mark.parametrize("kind", PLAIN)
def test_a_file_that_is_cut_off_is_broken(kind: str) -> None:
    assert fact_of_file(lambda: PLAIN[kind][: len(PLAIN[kind]) // 2]).broken


def test_a_file_that_is_gone_is_broken(tmp_path: Path) -> None:
    assert fact_of_file((tmp_path / "gone.png").read_bytes) == Fact(0, 0, bytes(16), True, False)
