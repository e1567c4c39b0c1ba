"""The fuzzer notices what it is there for: crashes, hangs, memory, leftovers, tracebacks, forged output."""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from fuzz import server as serving
from fuzz.case import Case, load_case, mutated
from fuzz.client import Outcome
from fuzz.findings import Findings
from fuzz.formats.every import FORMATS, missing_package
from fuzz.oracle import Finding, explained, judge, place

CASE = Case("labels", ("predict", "a.png"), {"a.png": b"x"}, "a.png")
FINE = Outcome(
    code=0, killed_for="", left_running=False, seconds=1.0, cpu_seconds=0.1, growth=0, stdout="a.png\tabc\t0.9\n",
    stderr="", before={"a.png": b"x"}, after={"a.png": b"x"}, temporaries=(), lines=frozenset(),
)  # fmt: skip
REFUSED = replace(FINE, code=2, stdout="", stderr="✗ a.png is broken.\n→ Repair it.\n")

READABLE = [
    pytest.param(name, marks=pytest.mark.skipif(bool(missing_package(name)), reason=f"needs {missing_package(name)}"))
    for name in FORMATS
]


def kinds(outcome: Outcome, case: Case = CASE) -> list[str]:
    return [finding.kind for finding in judge(case, outcome)]


@pytest.mark.parametrize("outcome", [FINE, REFUSED], ids=["read", "refused"])
def test_a_right_outcome_is_no_finding(outcome: Outcome) -> None:
    assert kinds(outcome) == []


WRONG = {
    "killed by SIGSEGV": {"code": -signal.SIGSEGV},
    "hang": {"code": -9, "killed_for": "time"},
    "grows until killed": {"code": -9, "killed_for": "memory"},
    "exit 70": {"code": 70, "stderr": "✗ crnn-deploy failed: TypeError: x"},
    "traceback": {"code": 1, "stderr": "Traceback (most recent call last):"},
    "exit 3": {"code": 3},
    "no error block": {"code": 2, "stderr": "oh"},
    "output of a refused run": {"stdout": "a.png\t"},
    "raw control character": {"stderr": "✗ \x1b[31m"},
    "a refusal takes much memory": {"growth": 400 << 20},
    "a refusal takes long": {"cpu_seconds": 9.0},
    "a process left behind": {"left_running": True},
    "a temporary file left behind": {"temporaries": ("x",)},
    "an input changed": {"after": {"a.png": b"y"}},
    "a part of a file left behind": {"after": {"a.png": b"x", ".m.1~part.onnx": b""}},
    "a file written by a run that failed": {"after": {"a.png": b"x", "out.onnx": b""}},
}


@pytest.mark.parametrize("kind", WRONG)
def test_each_kind_is_found(kind: str) -> None:
    assert kinds(replace(REFUSED, **WRONG[kind])) == [kind]


@pytest.mark.parametrize("text", ["a.png\tab\tc\t0.9\n", "a.png\tab\nc\t0.9\n"])
def test_forged_rows_are_found(text: str) -> None:
    assert kinds(replace(FINE, stdout=text)) == ["a row without three columns"]


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": 1} {}', ""])
def test_output_that_is_not_json_is_found(text: str) -> None:
    assert kinds(replace(FINE, stdout=text), replace(CASE, argv=("predict", "a.png", "--json"))) == ["not JSON"]


def test_a_bug_is_named_by_its_place() -> None:
    said = "/x/crnn_deploy/cli/failures.py:33 in main\n/x/crnn_deploy/spec.py:7 in check\n/x/yaml/a.py:1 in b\n"
    assert explained(Finding("exit 70", "TypeError"), said).place == "TypeError at crnn_deploy/spec.py:7 in check"
    crash = 'Fatal Python error\n(most recent call first):\n  File "/x/crnn_deploy/a.py", line 4 in read\n'
    assert place(crash) == "crnn_deploy/a.py:4 in read"


def test_of_each_kind_the_smallest_case_is_kept(tmp_path: Path) -> None:
    findings, finding = Findings(tmp_path), Finding("exit 70", "here")
    sizes = {name: replace(CASE, files={"a.png": bytes(size)}) for name, size in {"b": 9, "a": 3, "c": 5}.items()}
    assert [findings.add(finding, case, REFUSED, "seed 0") for case in sizes.values()] == [True, False, False]
    (known,) = findings.known.values()
    assert (known.count, load_case(known.folder)) == (3, sizes["a"])


@pytest.mark.parametrize("name", READABLE)
def test_a_seed_and_a_number_always_give_the_same_input(name: str) -> None:
    kind = FORMATS[name]
    one, other = (mutated(Random("0"), kind, kind.seeds()[0]) for _ in range(2))
    assert one == other
    assert one[1].files != kind.seeds()[0].files


@pytest.mark.parametrize("name", READABLE)
def test_mutators_understand_their_seeds(name: str) -> None:
    kind = FORMATS[name]
    for seed in kind.seeds():
        for number in range(20):
            assert isinstance(kind.mutate(Random(number), seed.files[seed.target]), bytes)


def crash() -> int:
    faulthandler.disable()  # pytest's would fill the screen
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def sleep() -> int:
    time.sleep(60)
    return 0


def test_a_child_that_crashes_or_hangs_or_leaves_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MOST_SECONDS", 0.2)
    assert serving._wait(serving._forked(lambda: 7), 0)["code"] == 7
    assert serving._wait(serving._forked(crash), 0)["code"] == -signal.SIGSEGV
    assert serving._wait(serving._forked(sleep), 0)["killed_for"] == "time"
    assert serving._wait(serving._forked(lambda: 0 if os.fork() else sleep()), 0)["left_running"]
