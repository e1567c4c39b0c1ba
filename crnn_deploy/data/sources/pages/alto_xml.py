"""ALTO XML: `TextLine` with a box or a polygon, and in it `String`, `SP` and `HYP` (Library of Congress, version 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crnn_deploy.data.sources.pages.line_collector import LineCollector
from crnn_deploy.data.sources.pages.page_file import Box, PageFile, PageLine, box_around, checked_text, points_of, whole
from crnn_deploy.data.sources.pages.xml_events import read_xml

ROOT = "alto"
_COLLECTED = ("fileName", "MeasurementUnit")


def read_alto(data: bytes, origin: str) -> PageFile:
    """The lines of a page, whose words are joined by spaces, and where a word has no text, its glyphs.

    A line with a word that has neither has no text, since the other words are not the whole line.

    Raises:
        InputError: if it is no ALTO XML, does not measure in pixels, or a line has no box.
    """
    handler = _Lines(origin)
    read_xml(data, handler, origin)
    return handler.page()


class _Lines(LineCollector):
    """Collects the lines."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self._box: Box | None = None
        self._parts: list[str] = []
        self._word: list[str] = []  # of the open word: its text, and where it has none those of its glyphs
        self._after_word = False
        self._untold = False  # whether a word of the line has no text

    def start(self, name: str, attributes: Mapping[str, str], parents: Sequence[str]) -> None:
        if name in _COLLECTED:
            self._collected = []
        elif name == "Page":
            self.width, self.height = whole(attributes.get("WIDTH")), whole(attributes.get("HEIGHT"))
        elif name == "TextLine":
            self._name = attributes.get("ID", f"line{len(self.lines) + 1}")
            self._box, self._points, self._parts = _box(attributes), [], []
            self._after_word = self._untold = False
        elif name == "Polygon" and parents[-2:] == ["TextLine", "Shape"]:
            self._points = points_of(attributes.get("POINTS", ""))
        elif name == "Glyph" and parents[-2:] == ["TextLine", "String"] and not self._word[0]:
            self._word.append(attributes.get("CONTENT", ""))
        elif parents[-1:] == ["TextLine"] and name == "String":
            self._word = [attributes.get("CONTENT", "")]
        elif parents[-1:] == ["TextLine"] and name in ("SP", "HYP"):
            self._parts.append(" " if name == "SP" else attributes.get("CONTENT", ""))
            self._after_word = False

    def end(self, name: str) -> None:
        if name in _COLLECTED and self._collected is not None:
            found = self._taken().strip()
            if name == "fileName":
                self.image = self.image or found
            elif found.lower() not in ("pixel", "px", ""):
                raise ValueError(f"it measures in {found[:40]}, and only pixels are read")
        elif name == "String" and self._word:
            word = "".join(self._word)
            self._untold |= not word.strip()
            self._parts.append(" " * self._after_word + word)
            self._word, self._after_word = [], True
        elif name == "TextLine":
            box = self._box or self._box_of_polygon()
            text = checked_text("".join(self._parts), self._origin, self._name)
            self.lines.append(PageLine(self._name, box, None if self._untold else text or None))


def _box(attributes: Mapping[str, str]) -> Box | None:
    """The box in the attributes of a line; None if it is not there or has no area."""
    try:
        left, top, width, height = (float(attributes[key]) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
        return box_around(points_of(f"{left:.3f},{top:.3f} {left + width:.3f},{top + height:.3f}"))
    except (KeyError, ValueError):
        return None
