"""PAGE XML: `Page` with its image, and in it `TextLine` with `Coords` and `TextEquiv` (Pletschacher, ICPR 2010)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crnn_deploy.data.sources.pages.line_collector import LineCollector
from crnn_deploy.data.sources.pages.page_file import PageFile, PageLine, checked_text, points_of, whole
from crnn_deploy.data.sources.pages.xml_events import read_xml

ROOT = "PcGts"


def read_page(data: bytes, origin: str) -> PageFile:
    """The lines of a page. Of several readings of a line the one with the smallest index counts.

    Raises:
        InputError: if it is no PAGE XML, or a line has no box.
    """
    handler = _Lines(origin)
    read_xml(data, handler, origin)
    return handler.page()


class _Lines(LineCollector):
    """Collects the lines; words and glyphs in a line have boxes and texts of their own, which are passed by."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self._texts: dict[int, str] = {}
        self._index = 0

    def start(self, name: str, attributes: Mapping[str, str], parents: Sequence[str]) -> None:
        if name == "Page":
            self.image = attributes.get("imageFilename", "")
            self.width, self.height = whole(attributes.get("imageWidth")), whole(attributes.get("imageHeight"))
        elif name == "TextLine":
            self._name = attributes.get("id", f"line{len(self.lines) + 1}")
            self._points, self._texts = [], {}
        elif name == "Coords" and parents[-1:] == ["TextLine"]:
            self._points += points_of(attributes.get("points", ""))
        elif name == "Point" and parents[-2:] == ["TextLine", "Coords"]:  # PAGE of 2010
            self._points += points_of(f"{attributes.get('x', '')},{attributes.get('y', '')}")
        elif name == "TextEquiv" and parents[-1:] == ["TextLine"]:
            index = attributes.get("index", "")
            self._index = int(index) if index.isascii() and index.isdigit() and len(index) < 9 else len(self._texts)
        elif name == "Unicode" and parents[-2:] == ["TextLine", "TextEquiv"]:
            self._collected = []

    def end(self, name: str) -> None:
        if name == "Unicode" and self._collected is not None:
            self._texts.setdefault(self._index, checked_text(self._taken(), self._origin, self._name))
        elif name == "TextLine":
            box = self._box_of_polygon()
            text = self._texts[min(self._texts)] if self._texts else None
            self.lines.append(PageLine(self._name, box, text or None))
