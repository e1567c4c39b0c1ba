"""Lists with a tab: our own labels.tsv, and those of deep-text-recognition-benchmark and PaddleOCR."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.data.sources.label_files import LABELS, decode
from crnn_deploy.data.sources.layouts.tab_separated import TAB_SEPARATED, parse_labels
from crnn_deploy.errors import InputError

WORDS = st.text(st.characters(blacklist_characters="\t\n\r", blacklist_categories=("Cs",)), max_size=20)
PATHS = st.text("abcdefg./_-0123456789", min_size=1, max_size=12).filter(lambda p: not p.startswith("./"))


@given(st.lists(st.tuples(PATHS, WORDS), max_size=10), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read(rows: list[tuple[str, str]], end: str, last: bool) -> None:
    data = end.join(f"{path}\t{text}" for path, text in rows) + (end if last else "")
    assert [(item.name, item.text) for item in parse_labels(decode(data.encode(), LABELS), "labels.tsv")] == rows


@given(st.binary(max_size=60))
def test_noise_parses_or_is_an_input_error(data: bytes) -> None:
    with contextlib.suppress(InputError):
        assert all(item.name for item in parse_labels(decode(data, LABELS), "labels.tsv"))


def test_the_line_that_is_wrong_is_named() -> None:
    with pytest.raises(InputError, match="line 3"):
        parse_labels("a.png\tA\n\nb.png\n", "labels.tsv")


def test_a_byte_order_mark_is_no_part_of_the_first_path() -> None:
    assert parse_labels(decode(b"\xef\xbb\xbfa.png\tA", LABELS), "labels.tsv")[0].name == "a.png"


def test_several_images_of_one_text_are_a_json_list() -> None:
    items = parse_labels('["a.png", "b.png"]\tone\nc.png\ttwo\n', "train.txt")
    assert [(item.name, item.text) for item in items] == [("a.png", "one"), ("b.png", "one"), ("c.png", "two")]


def test_several_tabs_before_the_text_are_one() -> None:
    assert parse_labels("a.png\t\t one \n", "train.txt")[0].text == " one "


def test_boxes_of_a_page_are_no_text() -> None:
    with pytest.raises(InputError, match=r"train\.txt, line 1, holds boxes of a whole page"):
        parse_labels('a.png\t[{"transcription": "x", "points": [[0, 0], [1, 1]]}]\n', "train.txt")


@pytest.mark.parametrize(
    ("lines", "known"),
    [
        (["a.png\tA", "b c.JPG\t"], True),
        (["a.png A", "b.png\tB", "c.png\tC"], True),  # so that the wrong line can be named
        (['["a.png"]\tA'], True),
        (["images\\a.png\tA"], True),
        (["a\tA"], False),
        (["a.png A"], False),
        ([], False),
    ],
)
def test_it_is_known_by_paths_of_images_before_a_tab(lines: list[str], known: bool) -> None:
    assert TAB_SEPARATED.recognises(lines) is known
