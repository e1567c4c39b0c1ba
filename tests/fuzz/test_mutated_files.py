"""A short session of the fuzzer, always with the same inputs. `make fuzz` runs a long one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from shlex import split

import pytest
from fuzz.case import Case, load_case
from fuzz.client import ForkServer
from fuzz.findings import Findings
from fuzz.formats.every import FORMATS, missing_package
from fuzz.session import Session, examine
from fuzz.table import Table

INPUTS = 16  # of each format
READABLE = [
    pytest.param(name, marks=pytest.mark.skipif(bool(missing_package(name)), reason=f"needs {missing_package(name)}"))
    for name in FORMATS
]
FOUND = sorted((Path(__file__).parent / "found").glob("*.zip"))
NEEDS_MORE = (
    "boxes of a whole page",
    "no labels",
    "text labels",
    "class labels",
    "quantized already",
    "nowhere",
    "GPU",
    "no faster",
    "is slower",
)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as running:
        yield running


@pytest.mark.parametrize("name", READABLE)
def test_what_is_not_mutated_is_read(server: ForkServer, name: str) -> None:
    for seed in FORMATS[name].seeds():
        for command in seed.commands:
            outcome, found, _ = examine(server, Case(name, tuple(split(command)), seed.files, seed.target))
            assert not found, (command, found)
            gate = outcome.code == 1 and command.startswith("quantize")  # of a tiny model the gain may be none
            assert outcome.code == 0 or gate or any(reason in outcome.stderr for reason in NEEDS_MORE), outcome.stderr


@pytest.mark.parametrize("name", READABLE)
def test_mutated_files_are_read_or_refused(server: ForkServer, name: str, tmp_path: Path) -> None:
    table = Table(Findings(tmp_path))
    for _ in islice(Session(server, table, "short", guided=False).run([FORMATS[name]]), INPUTS):
        pass
    assert table.inputs == INPUTS
    assert not table.findings.known, table.text()


@pytest.mark.parametrize("archive", FOUND, ids=lambda path: path.stem)
def test_what_the_fuzzer_found_stays_mended(server: ForkServer, archive: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(archive, tmp_path)
    _, found, _ = examine(server, load_case(tmp_path))
    assert not found
