"""The pages of files: images, TIFFs of several pages, and PDF."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageSequence

from crnn_deploy.data.picture import PILLOW_ERRORS, has_several_frames, open_image, picture
from crnn_deploy.data.sources.base import broken_image
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_IMAGE_PIXELS
from crnn_deploy.reading.given import content_of

_POINTS_AN_INCH = 72


class Sheet(NamedTuple):
    """A page of a file as a picture in mode `RGB`, and its name: that of the file, with `#2` where it has several."""

    name: str
    picture: Image.Image


def sheets_of(path: Path, dpi: int) -> Iterator[Sheet]:
    """The pages of a file, one after the other.

    Args:
        dpi: pixels an inch at which pages of a PDF are drawn.

    Raises:
        InputError: if the file is broken or no image, or it is a PDF and the extra `pages` is missing.
    """
    content = content_of(str(path))
    if content[:5] == b"%PDF-":
        yield from _of_pdf(content, str(path), dpi)
        return
    image = open_image(content, str(path))
    if not has_several_frames(image):
        yield Sheet(str(path), picture(image, str(path), "RGB"))
        return
    try:
        for number, frame in enumerate(ImageSequence.Iterator(image), 1):
            name = f"{path}#{number}"
            yield Sheet(name, picture(frame.copy(), name, "RGB"))
    except PILLOW_ERRORS as error:
        raise broken_image(str(path), error) from None


def _of_pdf(content: bytes, name: str, dpi: int) -> Iterator[Sheet]:
    try:
        import pypdfium2
    except ImportError:
        raise InputError(
            f"{name} is a PDF.", "Nothing that draws it is installed.", "pip install 'crnn-deploy[pages]'"
        ) from None
    try:
        with closing(pypdfium2.PdfDocument(content)) as document:
            for number in range(len(document)):
                sheet = f"{name}#{number + 1}" if len(document) > 1 else name
                with closing(document[number]) as page:
                    drawn = _drawn(page, sheet, dpi)
                yield Sheet(sheet, drawn)
    except pypdfium2.PdfiumError as error:
        raise InputError(
            f"{name} cannot be read as a PDF: {error}", "It is damaged, or a password protects it.", "Repair it."
        ) from None


def _drawn(page: Any, name: str, dpi: int) -> Image.Image:
    """A page of a PDF as PDFium gives it."""
    width, height = page.get_size()
    scale = dpi / _POINTS_AN_INCH
    if not 0 < width * height * scale**2 <= MAX_IMAGE_PIXELS:
        raise InputError(
            f"The page {name} has {width:.0f} × {height:.0f} points.",
            f"At {dpi} dpi it has more pixels than {MAX_IMAGE_PIXELS:,}.",
            "Choose a smaller --dpi.",
        )
    drawn: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    return drawn
