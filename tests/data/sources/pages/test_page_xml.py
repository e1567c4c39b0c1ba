"""Lines out of PAGE XML."""

from __future__ import annotations

import pytest

from crnn_deploy.data.sources.pages.page_xml import read_page

HEAD = '<PcGts><Page imageFilename="a.png">'
TAIL = "</Page></PcGts>"


def lines(inside: str) -> list[tuple[str | None, tuple[int, int, int, int]]]:
    found = read_page(f"{HEAD}<TextLine>{inside}</TextLine>{TAIL}".encode(), "0.xml")
    return [(line.text, line.box) for line in found.lines]


def test_the_box_is_around_the_polygon() -> None:
    assert lines('<Coords points="10,5 40,1 60.5,7.2 12,30"/>') == [(None, (10, 1, 61, 30))]


def test_points_of_2010() -> None:
    assert lines('<Coords><Point x="1" y="2"/><Point x="30" y="4"/></Coords>') == [(None, (1, 2, 30, 4))]


def test_of_several_readings_the_smallest_index_counts() -> None:
    readings = '<TextEquiv index="{}"><Unicode>{}</Unicode></TextEquiv>'
    box = '<Coords points="0,0 9,9"/>'
    assert lines(box + readings.format(1, "b") + readings.format(0, " a ")) == [("a", (0, 0, 9, 9))]
    plain = "<TextEquiv><Unicode>{}</Unicode></TextEquiv>"
    assert lines(box + plain.format("a") + plain.format("b")) == [("a", (0, 0, 9, 9))]


def word(text: str | None, attributes: str = "", glyphs: str = "") -> str:
    equivalent = "" if text is None else f"<TextEquiv><Unicode>{text}</Unicode></TextEquiv>"
    return f'<Word {attributes}><Coords points="0,0 1,1"/>{glyphs}{equivalent}</Word>'


def glyph(text: str) -> str:
    return f'<Glyph><Coords points="0,0 1,1"/><TextEquiv><Unicode>{text}</Unicode></TextEquiv></Glyph>'


CUSTOM = 'custom="readingOrder {{index:{};}} structure {{type:x;}}"'


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (word("two") + word("words"), "two words"),
        (word("b", 'index="1"') + word("a", 'index="0"'), "a b"),
        (word("b", CUSTOM.format(10)) + word("a", CUSTOM.format(9)), "a b"),
        (word("b", 'index="1"') + word("a"), "b a"),
        (word(None, glyphs=glyph("w") + glyph("o")) + word("x", glyphs=glyph("y")), "wo x"),
        (word("a") + word("b") + "<TextEquiv><Unicode> </Unicode></TextEquiv>", "a b"),
        (word("a") + word("b") + "<TextEquiv><Unicode>line</Unicode></TextEquiv>", "line"),
        (word("a") + word(None), None),
        (word("a") + word(None, glyphs=glyph("b") + glyph("")), None),
    ],
    ids=[
        "words",
        "index",
        "custom",
        "not all have one",
        "glyphs",
        "empty line",
        "own text",
        "a gap",
        "a gap in it",
    ],
)
def test_a_line_without_a_text_has_that_of_its_words(words: str, text: str | None) -> None:
    assert lines(f'<Coords points="0,0 9,9"/>{words}') == [(text, (0, 0, 9, 9))]


def test_words_and_glyphs_outside_of_lines_are_passed_by() -> None:
    stray = word("stray", glyphs=glyph("s"))
    line = '<TextLine><Coords points="0,0 9,9"/><TextEquiv><Unicode>a</Unicode></TextEquiv></TextLine>'
    page = read_page(f"{HEAD}{stray}{glyph('g')}{line}{stray}{TAIL}".encode(), "0.xml")
    assert [line.text for line in page.lines] == ["a"]
