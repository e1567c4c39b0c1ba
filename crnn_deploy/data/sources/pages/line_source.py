"""Lines as crops of the images of whole pages."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.picture import open_image, picture
from crnn_deploy.data.sources.base import Kind, broken_image, title
from crnn_deploy.data.sources.container import Container, read_image
from crnn_deploy.data.sources.measured import Measured
from crnn_deploy.data.sources.pages.page_file import PageLine
from crnn_deploy.data.sources.vectors import NO_NUMBERS

_KEPT = 2  # pages in memory; lines are mostly read page by page
_GREY = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L")


@dataclass(frozen=True)
class PlacedLine:
    """A line, the name of its page's image, and the size that the page should have (0: not said)."""

    image: str
    size: tuple[int, int]
    line: PageLine

    @property
    def name(self) -> str:
        return f"{self.image}#{self.line.name}"


class LineSource(Measured):
    """A `Source` of lines, each cropped by the box around its polygon from the upright page."""

    kind: Kind = "text"
    class_names: tuple[str, ...] = ()
    vector_names: tuple[str, ...] = ()

    def __init__(self, files: Container, lines: Sequence[PlacedLine]) -> None:
        self.name = files.name
        self._files = files
        self._lines = lines
        self._pages: OrderedDict[str, Image.Image] = OrderedDict()
        self._hashes: dict[str, bytes] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._lines)

    def item_name(self, index: int) -> str:
        return self._lines[index].name

    def text(self, index: int) -> str:
        return self._lines[index].line.text or ""

    def class_index(self, index: int) -> int:
        return -1

    def image(self, index: int) -> Image.Image:
        line, name = self._lines[index], title(self, index)
        with self._lock:
            page = self._page(line.image, name)
        for said, size, side in zip(line.size, page.size, ("wide", "high"), strict=True):
            if said not in (0, size):
                raise broken_image(name, f"its page is {size:,} pixels {side}, and its XML says {said:,}")
        left, top, right, bottom = line.line.box
        box = max(0, left), max(0, top), min(page.width, right), min(page.height, bottom)
        if box[0] >= box[2] or box[1] >= box[3]:
            raise broken_image(name, "its box is outside the page")
        return page.crop(box)

    def content_hash(self, index: int) -> bytes:
        line = self._lines[index]
        if line.image not in self._hashes:
            self._hashes[line.image] = hashlib.blake2b(self._read(line.image, title(self, index))).digest()
        return hashlib.blake2b(self._hashes[line.image] + repr(line.line.box).encode(), digest_size=16).digest()

    def vectors(self, names: Sequence[str]) -> NDArray[np.float64]:
        return NO_NUMBERS.rows(names, self.name)

    def _page(self, name: str, line: str) -> Image.Image:
        if name not in self._pages:
            opened = open_image(self._read(name, line), line)
            self._pages[name] = picture(opened, line, "L" if opened.mode in _GREY else "RGB")
            if len(self._pages) > _KEPT:
                self._pages.popitem(last=False)
        self._pages.move_to_end(name)
        return self._pages[name]

    def _read(self, name: str, line: str) -> bytes:
        try:
            return read_image(self._files, name)
        except OSError as error:
            raise broken_image(line, str(error)) from None
