"""Explanations as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_deploy.escaping import visible
from crnn_deploy.explaining.layout import LETTERS, SPACE, LineLayout, line_layout
from crnn_deploy.explaining.result import Explanation, Region

LINE_HEIGHT, CLASS_SIZE = 56, 224
"""Height in pixels in which lines are shown, and the longest side of other pictures."""

INK, MUTED, PAPER = (27, 36, 48), (94, 107, 122), (253, 254, 254)
BLUE, ORANGE = (15, 98, 196), (217, 100, 15)
_PADDING, _ROW = 16, 20
_SHORTEST, _WIDEST_HEAD = 480, 2000
_LONGEST_NAME = 60
_HEAT = 0.75
_FADED = 0.55


def shown(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture in the size in which people look at it; small ones are enlarged without blurring."""
    larger = size[0] > picture.width
    return picture.convert("RGB").resize(size, Image.Resampling.NEAREST if larger else Image.Resampling.LANCZOS)


def class_size(explanation: Explanation) -> tuple[int, int]:
    scale = CLASS_SIZE / max(explanation.width, explanation.height)
    return max(1, round(explanation.width * scale)), max(1, round(explanation.height * scale))


def heated(picture: Image.Image, explanation: Explanation) -> Image.Image:
    """A shown picture in pale grey, with the saliency of a class in orange on it."""
    values = np.array(explanation.saliency, np.float32)
    heat = np.asarray(Image.fromarray(values).resize(picture.size, Image.Resampling.BILINEAR))[:, :, np.newaxis]
    grey = np.asarray(picture.convert("L"), np.float32)[:, :, np.newaxis]
    pale = 255 - _FADED * (255 - grey)
    share = _HEAT * np.clip(heat, 0, 1)
    mixed = pale * (1 - share) + np.array(ORANGE, np.float32) * share
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def draw(explanation: Explanation, picture: Image.Image) -> Image.Image:
    """One explanation as a picture on its own."""
    return _draw_class(explanation, picture) if explanation.choices else _draw_line(explanation, picture)


def sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures one below the other."""
    whole = Image.new("RGB", (max(p.width for p in pictures), sum(p.height for p in pictures)), PAPER)
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    return whole


def corners(region: Region, explanation: Explanation, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """A region in a picture that is shown in another size: left, top, right, bottom."""
    across, down = size[0] / explanation.width, size[1] / explanation.height
    return region.left * across, region.top * down, region.right * across, region.bottom * down


def facts(explanation: Explanation) -> Iterator[str]:
    """What stands beside a picture: the most probable classes, and what hiding the region does."""
    for choice in explanation.choices:
        yield f"{choice.text}  {choice.confidence:.3f}"
    if explanation.region is None:
        yield "no part of it matters more than another"
    else:
        yield f"with the frame hidden: {explanation.if_hidden}"


def _draw_line(explanation: Explanation, picture: Image.Image) -> Image.Image:
    layout = line_layout(explanation, LINE_HEIGHT)
    image, canvas = _paper(explanation, layout.width, layout.whole_height)
    top = _PADDING + _ROW
    size = (max(1, round(layout.width)), max(1, round(layout.height)))
    image.paste(shown(picture, size), (_PADDING, top + LETTERS))
    _draw_letters(canvas, layout, (_PADDING, top))
    return image


def _draw_letters(canvas: ImageDraw.ImageDraw, layout: LineLayout, origin: tuple[int, int]) -> None:
    """Letters above their frames, and hills below the line, in turn blue and orange."""
    x, y = origin
    font = ImageFont.load_default(15)
    for number, letter in enumerate(layout.letters):
        colour = (BLUE, ORANGE)[number % 2]
        fill = INK if letter.sure else ORANGE
        canvas.text((x + letter.centre, y + 3), _drawable(letter.text), fill=fill, font=font, anchor="ma")
        if not letter.sure:
            canvas.line((x + letter.centre - 5, y + 20, x + letter.centre + 5, y + 20), fill=ORANGE, width=2)
        if letter.hill:
            canvas.polygon([(x + a, y + b) for a, b in letter.hill], fill=_pale(colour), outline=colour)
        under = y + LETTERS + layout.height
        canvas.rectangle((x + letter.left, under, x + letter.right, under + 3), fill=colour)


def _drawable(text: str) -> str:
    """A letter in signs that Pillow's own font has."""
    return visible(text.replace(SPACE, "_"))


def _draw_class(explanation: Explanation, picture: Image.Image) -> Image.Image:
    size = class_size(explanation)
    image, canvas = _paper(explanation, 2 * size[0] + _PADDING + 260, max(size[1], 4 * _ROW))
    top = _PADDING + _ROW + 6
    plain = shown(picture, size)
    places = (_PADDING, top), (2 * _PADDING + size[0], top)
    for place, part in zip(places, (plain, heated(plain, explanation)), strict=True):
        image.paste(part, place)
        if explanation.region is not None:
            left, upper, right, lower = corners(explanation.region, explanation, size)
            canvas.rectangle((place[0] + left, top + upper, place[0] + right, top + lower), outline=BLUE, width=2)
    for number, fact in enumerate(facts(explanation)):
        place = (3 * _PADDING + 2 * size[0], top + number * _ROW)
        canvas.text(place, visible(fact), fill=INK, font=ImageFont.load_default(14))
    return image


def _paper(explanation: Explanation, width: float, height: float) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """White paper with room for a figure below the answer and the name of the image."""
    large, small = ImageFont.load_default(15), ImageFont.load_default(12)
    answer = f"{visible(explanation.text) or '(reads nothing)'}   {explanation.confidence:.3f}"
    path = visible(explanation.path)
    name = f"{'…' * (len(path) > _LONGEST_NAME)}{path[-_LONGEST_NAME:]}, {explanation.method}"
    start = _PADDING + large.getlength(answer) + 16
    least = min(_WIDEST_HEAD, start + small.getlength(name) + _PADDING)
    size = (round(max(_SHORTEST, least, width + 2 * _PADDING)), round(height) + 2 * _PADDING + _ROW + 6)
    image = Image.new("RGB", size, PAPER)
    canvas = ImageDraw.Draw(image)
    canvas.text((_PADDING, _PADDING - 4), answer, fill=INK, font=large)
    canvas.text((start, _PADDING - 2), name, fill=MUTED, font=small)
    return image, canvas


def _pale(colour: tuple[int, int, int]) -> tuple[int, ...]:
    return tuple(round(255 - 0.35 * (255 - value)) for value in colour)
