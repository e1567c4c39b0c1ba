"""Explained lines and classes in the form in which pages show them."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

from PIL import Image

from crnn_deploy import units
from crnn_deploy.explaining.drawing import LINE_HEIGHT, class_size, corners, heated, shown
from crnn_deploy.explaining.layout import HILLS, LETTERS, SURE, Letter, line_layout, visible_character
from crnn_deploy.explaining.result import ExplainedCharacter, Explanation
from crnn_deploy.report.tables import Cell, Table

LINE_HEADS = ("Character", "How sure", "Second", "Frames", "Read at, px", "Looked at, px", "Line with that hidden")


@dataclass(frozen=True)
class LineFigure:
    """A line as inline SVG: sizes in pixels, the picture as a data URI, and the corners of each letter's hill.

    Attributes:
        pixels: height of the picture; the letters stand above it, the hills below.
    """

    image: str
    width: float
    height: float
    letters_height: float
    pixels: float
    letters: tuple[Letter, ...]

    @property
    def floor(self) -> float:
        """The upper edge of the hills."""
        return self.letters_height + self.pixels

    @staticmethod
    def corners(letter: Letter) -> str:
        """Of its hill, as SVG writes them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in letter.hill)


@dataclass(frozen=True)
class ClassFigure:
    """A picture and its heat map as data URIs, their size, and the named region in it: left, top, width, height."""

    image: str
    heat: str
    width: int
    height: int
    region: tuple[float, float, float, float] | None


def line_figure(explanation: Explanation, image: str, height: float = LINE_HEIGHT) -> LineFigure:
    """The figure of a line whose picture is already a data URI."""
    layout = line_layout(explanation, height)
    return LineFigure(image, layout.width, layout.height + LETTERS + HILLS, LETTERS, layout.height, layout.letters)


def line_picture(explanation: Explanation, picture: Image.Image) -> str:
    """The picture of a line as a data URI, in the size in which it is shown."""
    layout = line_layout(explanation, LINE_HEIGHT)
    return data_uri(shown(picture, (max(1, round(layout.width)), max(1, round(layout.height)))))


def class_figure(explanation: Explanation, picture: Image.Image) -> ClassFigure:
    size = class_size(explanation)
    plain = shown(picture, size)
    region = None
    if explanation.region is not None:
        left, top, right, bottom = corners(explanation.region, explanation, size)
        region = (left, top, right - left, bottom - top)
    return ClassFigure(data_uri(plain), data_uri(heated(plain, explanation)), *size, region)


def characters_table(explanation: Explanation) -> Table:
    """One row for each character of a line."""
    rows = tuple(_row(character, explanation.text) for character in explanation.characters)
    return Table(tuple(map(Cell, LINE_HEADS)), rows, numeric=range(1, 2))


def unsure(explanation: Explanation) -> str:
    """The characters that the model is least sure of, in words; empty if it is sure of all."""
    doubtful = [c for c in explanation.characters if c.confidence < SURE]
    return "; ".join(
        f"{visible_character(c.text)} with {units.percent(c.confidence)}, "
        f"second {visible_character(c.second.text)} with {units.percent(c.second.confidence)}"
        for c in doubtful
    )


def data_uri(image: Image.Image) -> str:
    """An image as a PNG data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _row(character: ExplainedCharacter, text: str) -> tuple[Cell, ...]:
    second, region = character.second, character.region
    hidden = units.MISSING if character.if_hidden is None else character.if_hidden
    return (
        Cell(visible_character(character.text)),
        Cell(units.percent(character.confidence)),
        Cell(visible_character(second.text), units.percent(second.confidence)),
        Cell(units.span(character.frames[0], character.frames[1] - 1)),
        Cell(units.span(round(character.left), round(character.right))),
        Cell(units.MISSING if region is None else units.span(round(region.left), round(region.right))),
        Cell("the same" if hidden == text else hidden or "nothing"),
    )
