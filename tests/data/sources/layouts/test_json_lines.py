"""Hugging Face's metadata.jsonl."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.data.sources.layouts.json_lines import JSON_LINES
from crnn_deploy.errors import InputError

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def read(text: str) -> list[tuple[str, str]]:
    return [(item.name, item.text) for item in JSON_LINES.items(text, "metadata.jsonl")]


@given(st.lists(TEXTS, min_size=1, max_size=6), st.booleans())
def test_what_the_json_module_writes_is_read(texts: list[str], escaped: bool) -> None:
    rows = [
        json.dumps({"text": t, "width": 9, "file_name": f"{i}.png"}, ensure_ascii=escaped) for i, t in enumerate(texts)
    ]
    assert JSON_LINES.recognises(rows)
    assert read("\n".join(rows) + "\n\n") == [(f"{i}.png", text) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    "keys", [("file_name", "text"), ("image", "label"), ("Image Path", "Transcription"), ("img", "x")]
)
def test_keys_have_the_names_of_columns(keys: tuple[str, str]) -> None:
    assert read(json.dumps(dict(zip(keys, ("./a.png", "one"), strict=True)))) == [("a.png", "one")]


@pytest.mark.parametrize(
    "line", ["{}", '{"a.png": "b"}', '["file_name", "text"]', "x", '{"file_name": "a.png"}', "[" * 9999]
)
def test_other_lines_are_not_taken_for_it(line: str) -> None:
    assert not JSON_LINES.recognises([line])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"file_name": "a.png", "text": 7}', "line 2: the value of 'text' is 7, no text"),
        ('{"file_name": "a.png", "text": null}', "the value of 'text' is null, no text"),
        ('{"file_name": "", "text": "x"}', "the value of 'file_name' is \"\", no text"),
        ('{"image": {"path": "a.png"}, "text": "x"}', "the value of 'image'"),
        ('{"file_name": "a.png"}', "line 2: .* is not"),
        ("[]", "line 2: .* is not"),
        ('{"file_name": "a.png", "text": "x"', "line 2, is damaged"),
        ('{"file_name": "a.png", "file_name": "b.png", "text": "x"}', "a key stands there twice"),
        ('{"file_name": "a.png", "text": "x", "n": ' + "[" * 70 + "]" * 70 + "}", "nested more than 64"),
        ('{"file_name": "a.png", "text": "\\ud800"}', "half of a surrogate pair"),
        ('{"file_name": "a.png", "ground_truth": "{\\"gt_parse\\": {}}"}', "the content of a whole page"),
    ],
)
def test_what_is_wrong_is_named(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read('{"file_name": "0.png", "text": "ok"}\n' + line)
