"""PAGE XML: `Page` with its image, and in it `TextLine` with `Coords` and `TextEquiv` (Pletschacher, ICPR 2010)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crnn_deploy.data.sources.pages.line_collector import LineCollector
from crnn_deploy.data.sources.pages.page_file import PageFile, PageLine, checked_text, points_of, whole
from crnn_deploy.data.sources.pages.xml_events import read_xml

ROOT = "PcGts"
_AROUND = {"Word": "TextLine", "Glyph": "Word"}
_DEPTHS = {"TextLine": 0, "Word": 1, "Glyph": 2}
_CUSTOM_ORDER = re.compile(r"readingOrder\s*\{\s*index\s*:\s*(\d{1,8})\s*;?\s*\}")


def read_page(data: bytes, origin: str) -> PageFile:
    """The lines of a page. Of several readings of a text the one with the smallest index counts.

    A line without a text of its own has that of its words with spaces between them, and a word that of its glyphs: in
    the order of their `index` or `custom` if all have one, or else as they stand in the file. Where a word has no text
    the line has none.

    Raises:
        InputError: if it is no PAGE XML, or a line has no box.
    """
    handler = _Lines(origin)
    read_xml(data, handler, origin)
    return handler.page()


@dataclass
class _Text:
    """The text of a line, a word or a glyph while it is read.

    Attributes:
        order: number in the reading order; None if it is not said.
        separator: between the texts of its parts.
        readings: the element's own texts by their index.
        parts: order and text of each word of a line, or glyph of a word.
    """

    order: int | None
    separator: str
    readings: dict[int, str] = field(default_factory=dict)
    parts: list[tuple[int | None, str]] = field(default_factory=list)

    def joined(self) -> str:
        """Its own text, or else that of its parts; empty if one of these has none, since the rest is not the whole."""
        own = self.readings[min(self.readings)] if self.readings else ""
        if own or not all(text for _, text in self.parts):
            return own
        numbers = [order for order, _ in self.parts if order is not None]
        if len(numbers) < len(self.parts):
            numbers = [*range(len(self.parts))]
        in_order = sorted(zip(numbers, self.parts, strict=True), key=lambda numbered: numbered[0])
        return self.separator.join(text for _, (_, text) in in_order)


class _Lines(LineCollector):
    """Collects the lines, whose texts stand in them, in their words, or in the glyphs of these."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self._texts: list[_Text] = []  # of the open line, and of the open word and glyph in it
        self._index = 0

    def start(self, name: str, attributes: Mapping[str, str], parents: Sequence[str]) -> None:
        parent = parents[-1] if parents else ""
        if name == "Page":
            self.image = attributes.get("imageFilename", "")
            self.width, self.height = whole(attributes.get("imageWidth")), whole(attributes.get("imageHeight"))
        elif name == "TextLine":
            if self._texts:
                raise ValueError("a TextLine lies in another")
            self._name = attributes.get("id", f"line{len(self.lines) + 1}")
            self._points, self._texts = [], [_Text(None, " ")]
        elif name in _DEPTHS and len(self._texts) == _DEPTHS[name] and parent == _AROUND[name]:
            self._texts.append(_Text(_order(attributes), ""))
        elif name == "Coords" and parent == "TextLine":
            self._points += points_of(attributes.get("points", ""))
        elif name == "Point" and parents[-2:] == ["TextLine", "Coords"]:  # PAGE of 2010
            self._points += points_of(f"{attributes.get('x', '')},{attributes.get('y', '')}")
        elif name == "TextEquiv" and self._is_open(parent):
            index = _number(attributes.get("index", ""))
            self._index = len(self._texts[-1].readings) if index is None else index
        elif name == "Unicode" and parent == "TextEquiv" and self._is_open(parents[-2]):
            self._collected = []

    def end(self, name: str) -> None:
        if name == "Unicode" and self._collected is not None:
            self._texts[-1].readings.setdefault(self._index, checked_text(self._taken(), self._origin, self._name))
        elif self._is_open(name):
            text = self._texts.pop()
            joined = checked_text(text.joined(), self._origin, self._name)
            if self._texts:
                self._texts[-1].parts.append((text.order, joined))
            else:
                self.lines.append(PageLine(self._name, self._box_of_polygon(), joined or None))

    def _is_open(self, name: str) -> bool:
        """Whether the innermost open text is of an element of this name."""
        return name in _DEPTHS and len(self._texts) == _DEPTHS[name] + 1


def _order(attributes: Mapping[str, str]) -> int | None:
    """The place in the reading order: the attribute `index`, or `readingOrder {index:0;}` in `custom`."""
    found = _CUSTOM_ORDER.search(attributes.get("custom", ""))
    return _number(attributes.get("index", found[1] if found else ""))


def _number(text: str) -> int | None:
    """A number from 0; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
