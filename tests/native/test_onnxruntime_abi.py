"""Our declarations of ONNX Runtime's C interface agree with ONNX Runtime's own header.

The header is looked for in `$CRNN_DEPLOY_ORT_HEADERS`, in the virtual environment, where `make install` puts it, and
where Linux distributions install it. Each version that is there is compared; it must be version 20 or newer.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import crnn_deploy

SOURCES = Path(crnn_deploy.__file__).parent / "native"
OURS = SOURCES / "onnxruntime_abi.h"
PROGRAM = Path(__file__).with_name("onnxruntime_abi_facts.cc")
HEADER = "onnxruntime_c_api.h"
VARIABLE = "CRNN_DEPLOY_ORT_HEADERS"
PLACES = (
    os.environ.get(VARIABLE),
    Path(sys.prefix) / "ort-headers",
    "/usr/include/onnxruntime",
    "/usr/include/onnxruntime/core/session",
    "/usr/local/include/onnxruntime",
)
FOLDERS = [Path(place) for place in PLACES if place and (Path(place) / HEADER).is_file()]

pytestmark = [
    pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler"),
    pytest.mark.skipif(
        not FOLDERS, reason=f"needs {HEADER}: run `make install` with npm, or set {VARIABLE} to its folder"
    ),
]


class Fact(NamedTuple):
    """One thing that both headers declare, and what each says about it."""

    what: str
    name: str
    ours: str
    theirs: str


def facts(headers: Path, ours: Path, scratch: Path) -> list[Fact]:
    """What the header in the folder `ours` declares, beside what ONNX Runtime's in `headers` declares."""
    program = scratch / "facts"
    folders = ("-I", ours, "-isystem", headers)
    command = ["c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", *folders, PROGRAM, "-o", program]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    return [Fact(*line.split("\t")) for line in lines]


def differences(compared: list[Fact]) -> list[Fact]:
    """Facts that must be equal and are not. Versions and sizes are left out: later versions append entries."""
    return [fact for fact in compared if fact.what not in ("version", "size") and fact.ours != fact.theirs]


@pytest.fixture(scope="module", params=FOLDERS, ids=str)
def headers(request: pytest.FixtureRequest) -> Path:
    """A folder with ONNX Runtime's header."""
    return Path(request.param)


@pytest.fixture(scope="module")
def compared(headers: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Fact]:
    return facts(headers, SOURCES, tmp_path_factory.mktemp("abi"))


def test_positions_signatures_fields_and_values_agree(compared: list[Fact]) -> None:
    assert differences(compared) == []


def test_what_later_versions_append_is_not_needed(compared: list[Fact]) -> None:
    sizes = {fact.name: (int(fact.ours), int(fact.theirs)) for fact in compared if fact.what in ("version", "size")}
    assert sizes.keys() == {"kApiVersion", "OrtApiBase", "OrtApi", "OrtCustomOp"}
    assert all(ours <= theirs for ours, theirs in sizes.values()), sizes


def test_nothing_in_our_header_is_left_out(compared: list[Fact]) -> None:
    text = OURS.read_text(encoding="utf-8")
    custom_op = text[text.index("struct OrtCustomOp {") :]
    names = {
        "position": set(re.findall(r"using (\w+) =\s*Function<\d", text)),
        "offset in OrtCustomOp": {"version", *re.findall(r"\(\*(\w+)\)\(", custom_op)},
        "value": {name for body in re.findall(r"enum \w+ \{(.*?)\}", text) for name in re.findall(r"(\w+) =", body)},
    }
    assert len(names["position"]) == text.count("= Function<") + text.count("=\n    Function<")
    for what, declared in names.items():
        assert {fact.name for fact in compared if fact.what == what} == declared


NAME = "  const char* (*GetName)(const OrtCustomOp*);\n"
PROVIDER = "  const char* (*GetExecutionProviderType)(const OrtCustomOp*);\n"


@pytest.mark.parametrize(
    ("right", "wrong", "what", "name"),
    [
        ("Function<86,", "Function<85,", "position", "GetAttributeInt"),
        ("name, int64_t* value)", "name, int32_t* value)", "signature", "GetAttributeInt"),
        ("kInt8 = 3", "kInt8 = 2", "value", "kInt8"),
        (NAME + PROVIDER, PROVIDER + NAME, "offset in OrtCustomOp", "GetName"),
    ],
)
def test_a_mistake_would_be_noticed(
    right: str, wrong: str, what: str, name: str, headers: Path, tmp_path: Path
) -> None:
    text = OURS.read_text(encoding="utf-8")
    assert text.count(right) == 1
    (tmp_path / OURS.name).write_text(text.replace(right, wrong), encoding="utf-8")
    mistakes = differences(facts(headers, tmp_path, tmp_path))
    assert (what, name) in {(fact.what, fact.name) for fact in mistakes}
