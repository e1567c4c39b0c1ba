"""Lines out of ALTO XML."""

from __future__ import annotations

import pytest

from crnn_deploy.data.sources.pages.alto_xml import read_alto

BOX = 'HPOS="1" VPOS="2" WIDTH="10.5" HEIGHT="3"'


def line(attributes: str, inside: str) -> tuple[str | None, tuple[int, int, int, int]]:
    (found,) = read_alto(f"<alto><TextLine {attributes}>{inside}</TextLine></alto>".encode(), "0.xml").lines
    return found.text, found.box


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ('<String CONTENT="a whole line"/>', "a whole line"),
        ('<String CONTENT="a"/><SP/><String CONTENT="b"/>', "a b"),
        ('<String CONTENT="a"/><String CONTENT="b"/>', "a b"),
        ('<String CONTENT="hy" SUBS_CONTENT="hyphen"/><HYP CONTENT="-"/>', "hy-"),
        ('<String CONTENT="a"/><SP/><String CONTENT="hy"/><HYP CONTENT="-"/>', "a hy-"),
        ('<String CONTENT="a"><Glyph CONTENT="x"/></String>', "a"),
        ('<String CONTENT="a"/><String><Glyph CONTENT="b"/><Glyph CONTENT="c"/></String>', "a bc"),
        ('<String CONTENT="a"/><SP/><String CONTENT=""/>', None),
        ('<String CONTENT=""/>', None),
        ("", None),
    ],
)
def test_words_become_a_line(inside: str, text: str | None) -> None:
    assert line(BOX, inside) == (text, (1, 2, 12, 5))


@pytest.mark.parametrize("points", ["1,2 12,2 12,5", "1 2 12 2 12 5"])
def test_a_polygon_where_there_is_no_box(points: str) -> None:
    assert line("", f'<Shape><Polygon POINTS="{points}"/></Shape>')[1] == (1, 2, 12, 5)
