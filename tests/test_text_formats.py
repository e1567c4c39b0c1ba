"""YAML and JSON of others are read within limits; what can't be used is refused at once."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_DEPTH, MAX_JSON, MAX_YAML
from crnn_deploy.text_formats import parse_json, parse_yaml, read_yaml

EXPANDING = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)
MERGING = "a0: &a0 {k: x}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40))
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 2000))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &a [*a]\nname: *a\n", "a part of"),
        ("a: &a {b: *a}\n", "a part of"),
        ("a: *nothing\n", "nothing"),
        (EXPANDING, "values"),
        (MERGING, "values"),
        (CHAIN, "levels deep"),
        ("[" * 100_000, "nest"),
        ("- " * 50_000, "levels deep"),
        ("{a: " * 100_000, "levels deep"),
        ("a: [" + "x," * 200_000 + "]", "values"),
        ("a: " + "9" * 1_000_000, "digits"),
        ("a: 0x" + "f" * 1_000_000, "digits"),
        ("a: " + "1:" * 100_000 + "1", "digits"),
        ("a: !!int x", "cannot build"),
        ("a: !!int ''", "cannot build"),
        ("a: !!bool maybe", "cannot build"),
        ("a: !!float x", "cannot build"),
        ("a: !!timestamp x", "not valid YAML"),
        ("a: !!binary x", "not valid YAML"),
        ("a: !!set {x}", "not valid YAML"),
        ("a: !!python/object/apply:os.system [true]", "not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "'a' stands there twice"),
        ("1: x", "key 1 is not text"),
        ("yes: x", "key True is not text"),
        ("[a]: x", "not"),
        ("? {a: b}\n: x", "not"),
        ('a: "\\0"', "NUL"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("a: [1", "not valid YAML"),
    ],
)
def test_yaml_that_is_refused(text: str, says: str) -> None:
    begun = time.process_time()
    with pytest.raises(InputError) as refusal:
        parse_yaml(text, "It")
    assert says in str(refusal.value)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x {k: 1}\nb: *x\n", {"a": {"k": 1}, "b": {"k": 1}}),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n", {"a": {"k": 1, "l": 2}, "b": {"k": 3, "l": 2}}),
        ("a: 2024-99-99", {"a": "2024-99-99"}),  # no date of any calendar
        ("a: 2024-01-02", {"a": "2024-01-02"}),
        ("a: [=, x]", {"a": ["=", "x"]}),  # a charset
        ("a: " + "0123456789abcdefghij" * 100, {"a": "0123456789abcdefghij" * 100}),
        ("a: 😀", {"a": "😀"}),
        ("", None),
    ],
)
def test_yaml_that_is_read(text: str, value: Any) -> None:
    assert parse_yaml(text, "It") == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 50_000, "too deeply"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "levels deep"),
        ('{"a": ' * 90 + "1" + "}" * 90, "levels deep"),
        ("NaN", "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ("1e999", "too large"),
        ("9" * 100_000, "digits"),
        ('{"a": 1, "a": 2}', "twice"),
        ('"\\ud800"', "surrogate"),
        ('{"\\udfff": 1}', "surrogate"),
        ('"\\u0000"', "NUL"),
        ("{", "damaged"),
        ("", "damaged"),
        (" " * (MAX_JSON + 1), "read at most"),
    ],
)
def test_json_that_is_refused(text: str, says: str) -> None:
    begun = time.process_time()
    with pytest.raises(InputError) as refusal:
        parse_json(text, "It")
    assert says in str(refusal.value)
    assert time.process_time() - begun < 2


def test_json_that_is_read() -> None:
    value = {"a": [1, -2.5, True, None, "é😀"], "b": {"c": {}}}
    assert parse_json(json.dumps(value), "It") == value


def test_a_byte_order_mark_and_windows_line_ends_are_dropped(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: |\r\n  x\r\n  y\r\n")
    assert read_yaml(file) == {"a": "x\ny\n"}


def test_what_is_no_text_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    (tmp_path / "large.yaml").write_text("x" * (MAX_YAML + 1))
    for name, says in [
        ("pipe", "a device or a pipe"),
        ("latin.yaml", "not UTF-8"),
        ("large.yaml", "larger than"),
        ("nowhere.yaml", "does not exist"),
        (".", "is a folder"),
        ("n" * 300, "cannot be opened"),
        ("latin.yaml/x", "does not exist"),
    ]:
        with pytest.raises(InputError, match=says):
            read_yaml(tmp_path / name)
    with pytest.raises(InputError, match="a device or a pipe"):
        read_yaml(Path("/dev/zero"))
