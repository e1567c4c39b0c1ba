"""Reads pages: finds their lines, puts them in order, and reads them."""

from __future__ import annotations

from PIL import Image

from crnn_deploy.errors import InputError
from crnn_deploy.pages.detection import Detector, cut_out
from crnn_deploy.pages.order import reading_order
from crnn_deploy.pages.page import Page, PageLine
from crnn_deploy.reading.reader import Reader


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

    def read(self, page: Image.Image, name: str) -> Page:
        """What is read on a page in mode `RGB`; lines in which nothing is read are left out.

        Raises:
            InputError: if the network fails.
            GateError: if it gives numbers that are not finite.
        """
        found = self._detector.lines(page)
        quads = [found[index] for index in reading_order([quad.box for quad in found])]
        cut = [cut_out(page, quad) for quad in quads]
        lines = [
            PageLine(quad, line.width, reading)
            for quad, line, reading in zip(quads, cut, self._reader(cut), strict=True)
            if reading.text.strip()
        ]
        return Page(name, page.width, page.height, tuple(lines))
