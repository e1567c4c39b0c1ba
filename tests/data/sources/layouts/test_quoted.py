"""Label files in ICDAR's layout, and CSV without a header row."""

from __future__ import annotations

import pytest

from crnn_deploy.data.sources.layouts.quoted import QUOTED
from crnn_deploy.errors import InputError


def texts(*labels: str) -> list[str]:
    return [item.text for item in QUOTED.items("".join(f"{i}.png,{text}\n" for i, text in enumerate(labels)), "gt.txt")]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (' "one"', "one"),
        (' "say \\"one\\""', 'say "one"'),
        (' "a\\\\b"', "a\\b"),
        (' "a\\b"', "a\\b"),
        ('"say ""one"""', 'say "one"'),
        (' "a, b"', "a, b"),
        (' ""', ""),
        (' " one "', " one "),
        (' 5"', '5"'),
        ("one", "one"),
    ],
)
def test_quotes_belong_to_the_layout(written: str, text: str) -> None:
    assert texts(written) == [text]


def test_a_space_after_the_comma_belongs_to_the_text_unless_each_line_has_it() -> None:
    assert texts(" one", " two") == ["one", "two"]
    assert texts(" one", "two") == [" one", "two"]


def test_paths_may_hold_spaces_and_quotes_around_them() -> None:
    items = QUOTED.items('my image 1.png, "one"\n"b.png","two"\n', "gt.txt")
    assert [(item.name, item.text) for item in items] == [("my image 1.png", "one"), ("b.png", "two")]


def test_the_line_that_is_wrong_is_named() -> None:
    with pytest.raises(InputError, match=r"gt\.txt, line 2: 'b\.png' is not path"):
        QUOTED.items('a.png, "one"\nb.png\n', "gt.txt")


def test_boxes_are_no_text() -> None:
    with pytest.raises(InputError, match="holds boxes"):
        texts("1,2,30,40,word", "5,6,70,80,other")


@pytest.mark.parametrize(
    ("lines", "known"),
    [
        (['word_1.png, "one"'], True),
        (["a.png,one"], True),
        (["one, two"], False),
        (["377,117,463,117,465,130,378,130,word"], False),
        (["a.png\tone, two"], False),
    ],
)
def test_it_is_known_by_paths_of_images_before_a_comma(lines: list[str], known: bool) -> None:
    assert QUOTED.recognises(lines) is known


def test_lines_of_json_are_another_layout() -> None:
    assert not QUOTED.recognises(['{"file_name": "images/0.png", "text": "one"}'])
