"""Label files with a header row."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.data.sources.layouts.columns import COLUMNS
from crnn_deploy.errors import InputError

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=12)


def read(text: str) -> list[tuple[str, str]]:
    return [(item.name, item.text) for item in COLUMNS.items(text, "labels.csv")]


@pytest.mark.parametrize(
    "header",
    [
        "file_name,text",
        "filename,words",
        "image,label",
        "Image Path;Transcription",
        '"path"\t"text"',
        "img,what it says",
    ],
)
def test_the_header_row_names_the_columns(header: str) -> None:
    delimiter = next(mark for mark in ",;\t" if mark in header)
    assert COLUMNS.recognises([header])
    assert read(f"{header}\na.png{delimiter}one two\n") == [("a.png", "one two")]


@pytest.mark.parametrize("first", ["a.png,one", "a.png\tone", "one two", "text,words", "size,colour,weight"])
def test_other_first_lines_are_no_header_row(first: str) -> None:
    assert not COLUMNS.recognises([first])


def test_columns_may_be_in_any_order_and_more_than_two() -> None:
    assert read(',text,width,file_name\n0,"a, b",10,x.png\n') == [("x.png", "a, b")]


@given(st.lists(TEXTS, max_size=6), st.sampled_from(",;|"))
def test_what_the_csv_module_writes_is_read(texts: list[str], delimiter: str) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerows([["file_name", "width", "text"], *([f"{i}.png", "9", text] for i, text in enumerate(texts))])
    assert read(buffer.getvalue()) == [(f"{i}.png", text) for i, text in enumerate(texts)]


def test_texts_with_commas_as_easyocr_writes_them() -> None:
    assert read('filename,words\n0.png,RM 1,955.83\n1.png,5" pipe, long\n') == [
        ("0.png", "RM 1,955.83"),
        ("1.png", '5" pipe, long'),
    ]


def test_a_text_that_is_not_quoted_among_quoted_ones_names_its_line() -> None:
    with pytest.raises(InputError, match=r"labels\.csv, line 3: '1\.png,c,d' is not a row of 2 columns"):
        read('file_name,text\n0.png,"a,b"\n1.png,c,d\n')


def test_quotes_in_a_file_with_tabs_belong_to_the_text_unless_they_are_doubled() -> None:
    assert read('file_name\ttext\na.png\t"one"\nb.png\ttwo\n')[0] == ("a.png", '"one"')
    assert read('file_name\ttext\na.png\t"say ""one"""\nb.png\ttwo\n')[0] == ("a.png", 'say "one"')
    assert read('file_name\ttext\na.png\t"one"\nb.png\t"two"\n')[0] == ("a.png", "one")


def test_spaces_after_each_delimiter_belong_to_the_format() -> None:
    assert read('filename, words\na.png, one\nb.png, "two, three"\n') == [("a.png", "one"), ("b.png", "two, three")]


def test_spaces_of_texts_stay() -> None:
    assert read("filename,words\na.png, one \n") == [("a.png", " one ")]


def test_a_row_without_a_path_is_named() -> None:
    with pytest.raises(InputError, match="line 2"):
        read("file_name,text\n,one\n")
