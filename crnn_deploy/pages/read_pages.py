"""Reads pages: finds their lines, puts them in order, and reads them."""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image

from crnn_deploy.errors import InputError
from crnn_deploy.pages.detection import Detector, cut_out
from crnn_deploy.pages.order import reading_order
from crnn_deploy.pages.page import Page, PageLine
from crnn_deploy.pages.quad import Quad
from crnn_deploy.reading.reader import Reader


class FoundPage(NamedTuple):
    """A page whose lines are found and not yet read, in the order of people.

    Attributes:
        name: of its file, with the number of the page where that has several.
        size: of the upright page in pixels, width and height.
        quads: where each line stands.
        lines: the pictures of them.
    """

    name: str
    size: tuple[int, int]
    quads: list[Quad]
    lines: list[Image.Image]


class PageReader:
    """Reads pages with a model that reads lines. Threads may share one.

    Raises:
        InputError: if the model does not read lines, or the extra `pages` is missing.
    """

    def __init__(self, reader: Reader) -> None:
        if reader.spec.task != "ctc":
            raise InputError(
                f"{reader.artifact.path} names classes, and pages have lines to read.", fix="Give a model that reads."
            )
        self._reader = reader
        self._detector = Detector()

    def find(self, page: Image.Image, name: str) -> FoundPage:
        """The lines of a page in mode `RGB`.

        Raises:
            InputError: if it cannot be searched for lines.
        """
        found = self._detector.lines(page)
        quads = [found[index] for index in reading_order([quad.box for quad in found])]
        return FoundPage(name, page.size, quads, [cut_out(page, quad) for quad in quads])

    def read(self, page: FoundPage) -> Page:
        """What is read on a page; lines in which nothing is read are left out.

        Raises:
            InputError: if the network fails.
            GateError: if it gives numbers that are not finite.
        """
        lines = [
            PageLine(quad, line.width, reading)
            for quad, line, reading in zip(page.quads, page.lines, self._reader(page.lines), strict=True)
            if reading.text.strip()
        ]
        return Page(page.name, *page.size, tuple(lines))
