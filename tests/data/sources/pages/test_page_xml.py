"""Lines out of PAGE XML."""

from __future__ import annotations

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
