"""One JSON list with an object for each image."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from data.conftest import picture, png, write_folder
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy import limits
from crnn_deploy.data.sources.layouts.json_list import JSON_LIST
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def read(text: str) -> list[tuple[str, str]]:
    return [(item.name, item.text) for item in JSON_LIST.items(text, "labels.json")]


@given(st.lists(TEXTS, min_size=1, max_size=6), st.booleans(), st.sampled_from([None, 0, 4]))
def test_what_the_json_module_writes_is_read(texts: list[str], escaped: bool, indent: int | None) -> None:
    rows = [{"text": text, "box": {"at": [[1, 2]]}, "file": f"./{i}.png"} for i, text in enumerate(texts)]
    written = json.dumps(rows, ensure_ascii=escaped, indent=indent)
    assert JSON_LIST.recognises([line for line in written.split("\n") if line.strip()][:20])
    assert read(f"\n {written} \n") == [(f"{i}.png", text) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    "head", ["[]", "[{}]", '["a.png"]\tx', '[{"a": 1, "b": 2, "c": 3}]', '{"a.png": "b"}', "[" * 99]
)
def test_other_json_is_not_taken_for_it(head: str) -> None:
    assert not JSON_LIST.recognises([head])


FIRST = '[{"file": "a.png", "text": "b"}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FIRST, "line 1: '' is not the next object or the end"),
        (f"{FIRST},]", "line 1: ',\\]' is not"),
        (f'{FIRST},\n\n{{"file": "c.png"', "line 3: no object"),
        (f'{FIRST},\n{{"file": "c.png", "text": 7}}]', "line 2: the value of 'text' is 7"),
        (f'{FIRST},\n{{"file": "c.png"}}]', "line 2: .* is not"),
        (f'{FIRST},\n{{"file": "c.png", "text": "\\ud800"}}]', "line 2, is damaged"),
        (f"{FIRST}] []", "line 1: '\\] \\[\\]' is not"),
        ('[{"file": "a.png", "text": "' + "x" * limits.MAX_LABEL + '"}]', "at most 65,536 characters"),
        ('[{"file": "' + '\\"' * limits.MAX_LABEL, "at most 65,536 characters"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    begin = time.perf_counter()
    with pytest.raises(InputError, match=message):
        read(text)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize("indent", [None, 2])
def test_a_set_with_such_a_file_is_read(tmp_path: Path, indent: int | None) -> None:
    rows = [
        {"image": f"{i}.png", "label": "x" * 2000} for i in range(40)
    ]  # more than what is read of one line at first
    files = {"labels.json": json.dumps(rows, indent=indent).encode()}
    write_folder(tmp_path, files | {row["image"]: png(picture(0)) for row in rows})
    source = open_source(tmp_path)
    assert [source.item_name(i) for i in range(len(source))] == [row["image"] for row in rows]
    assert source.text(39) == rows[39]["label"]
