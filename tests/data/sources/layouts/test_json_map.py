"""docTR's labels.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from data.conftest import picture, png, write_folder
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy import limits
from crnn_deploy.data.sources.layouts.json_map import JSON_MAP
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


def read(text: str) -> list[tuple[str, str]]:
    return [(item.name, item.text) for item in JSON_MAP.items(text, "labels.json")]


@given(st.lists(TEXTS, min_size=1, max_size=6), st.booleans(), st.sampled_from([None, 0, 4]))
def test_what_the_json_module_writes_is_read(texts: list[str], escaped: bool, indent: int | None) -> None:
    wanted = {f"{i}.png": text for i, text in enumerate(texts)}
    written = json.dumps(wanted, ensure_ascii=escaped, indent=indent)
    assert JSON_MAP.recognises([line for line in written.split("\n") if line.strip()])
    assert read(f"\n {written} \n") == list(wanted.items())


@pytest.mark.parametrize(
    "head",
    ["{}", '{"file_name": "a.png"}', '["a.png"]', '{"classes": ["a.png"]}', '"a.png": "b"', '{"a.png"', "[" * 5000],
)
def test_other_json_is_not_taken_for_it(head: str) -> None:
    assert not JSON_MAP.recognises([head])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a.png": "b"', r"line 1: '\"b\"' is not \"path\": \"text\""),
        ('{"a.png": "b",}', "line 1"),
        ('{"a.png": "b",\n"c.png": 3}', "line 2: '3}' is not"),
        ('{"a.png": "b",\n"c.png": null}', "line 2"),
        ('{"a.png": ["b"]}', "line 1"),
        ('{"a.png": "b"} {}', "line 1: '{}'"),
        ('{"a.png": "\\x"}', "line 1"),
        ('{"a.png": "\\ud800"}', "line 1"),
        ('{"a.png": "b\nc"}', "line 1"),
        ('{"a.png": "' + "x" * (limits.MAX_LABEL + 1) + '"}', "has more than 65,536 characters"),
        ('{"a.png": {"polygons": [[[1, 2]]], "labels": ["x"]}}', "holds boxes of whole pages"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(text)


def test_a_text_is_given_twice(tmp_path: Path) -> None:
    files = {"labels.json": b'{"0.png": "a", "0.png": "b"}', "0.png": png(picture(0))}
    with pytest.raises(InputError, match="contradict another"):
        open_source(write_folder(tmp_path, files))


def test_a_file_of_one_long_line_is_found_by_its_beginning(tmp_path: Path) -> None:
    rows = {f"{i}.png": "é" * 2000 for i in range(40)}
    files = {"labels.json": json.dumps(rows, ensure_ascii=False).encode("utf-8-sig")}
    source = open_source(write_folder(tmp_path, {**files, **{f"images/{name}": png(picture(0)) for name in rows}}))
    assert [source.text(i) for i in range(len(source))] == list(rows.values())


def test_nesting_takes_no_memory(tmp_path: Path) -> None:
    files = {"labels.json": b'{"0.png": ' + b"[" * 1_000_000, "0.png": png(picture(0))}
    with pytest.raises(InputError, match="is not"):
        open_source(write_folder(tmp_path, files))
