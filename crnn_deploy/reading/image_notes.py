"""What a reader of results should know about the images: too wide lines, distorted pictures, pages, animations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from crnn_deploy.record import Record, field
from crnn_deploy.units import images

Remark = Literal["cut", "squeezed", "distorted", "several_lines", "several_frames"]

_WORDS: dict[Remark, str] = {
    "cut": "wider than the model takes: cut at blank columns and read in pieces",
    "squeezed": "wider than the model takes and squeezed, which makes text hard to read",
    "distorted": "of another shape or a far other size than the model sees, to which they are squeezed or stretched",
    "several_lines": "with more than one line of text, it seems; the model reads single lines, so crop these first",
    "several_frames": "with several frames or pages, of which the first was read",
}


class Noted(Record):
    """How many images a remark is about, and the first of them in the order of the source, with what it is like."""

    count: int = field(default=0, description="How many images.")
    first: str | None = field(default=None, description="The first of them.")
    detail: str = field(default="", description="What it is like.")


class ImageNotes(Record):
    """Remarks on the images that were read."""

    cut: Noted = field(default=Noted(), description="lines wider than `max_width`, read in pieces")
    squeezed: Noted = field(default=Noted(), description="images wider than `max_width` that could not be cut")
    distorted: Noted = field(default=Noted(), description="pictures of another shape or size than a classifier sees")
    several_lines: Noted = field(default=Noted(), description="pictures that are plainly no single line")
    several_frames: Noted = field(default=Noted(), description="files of which only the first frame was read")

    def sentences(self) -> list[str]:
        """The remarks that apply, for people."""
        noted = {remark: Noted.model_validate(getattr(self, remark)) for remark in _WORDS}
        return [
            f"{images(found.count)} {_WORDS[remark]} (first: {', '.join(filter(None, (found.first, found.detail)))})"
            for remark, found in noted.items()
            if found.count
        ]

    @classmethod
    def joined(cls, parts: Iterable[ImageNotes]) -> ImageNotes:
        """The remarks on parts of a source, in their order, as those on all of it."""
        found: dict[str, Noted] = {}
        for part in parts:
            for remark in _WORDS:
                noted = Noted.model_validate(getattr(part, remark))
                if noted.count:
                    first = found.get(remark, Noted(first=noted.first, detail=noted.detail))
                    found[remark] = Noted(count=first.count + noted.count, first=first.first, detail=first.detail)
        return cls(**found)


class NoteTaker:
    """Collects remarks while images are read, also from several threads."""

    def __init__(self) -> None:
        self._details: dict[Remark, dict[str, str]] = {remark: {} for remark in _WORDS}

    @classmethod
    def of_all(cls, takers: Iterable[NoteTaker]) -> NoteTaker:
        """The remarks of several that have looked at different images."""
        together = cls()
        for taker in takers:
            for remark, details in taker._details.items():
                together._details[remark] |= details
        return together

    def note(self, remark: Remark, title: str, detail: str = "") -> None:
        self._details[remark][title] = detail

    def clear(self) -> None:
        """Forget all remarks, once they have been summed up."""
        for details in self._details.values():
            details.clear()

    def summary(self, items: Iterable[tuple[str, str]]) -> ImageNotes:
        """The remarks on `items`, each with its title and its name in the result, in order."""
        if not any(self._details.values()):
            return ImageNotes()
        found: dict[str, Noted] = {}
        for title, name in items:
            for remark, details in self._details.items():
                if title in details:
                    first = found.get(remark, Noted(first=name, detail=details[title]))
                    found[remark] = Noted(count=first.count + 1, first=first.first, detail=first.detail)
        return ImageNotes(**found)
