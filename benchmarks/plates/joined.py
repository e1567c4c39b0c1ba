"""Pictures of plates that join parts of real ones, so that few plates make many numbers.

Plates are seen from above and from the side: lines of characters fall or rise by up to a quarter of their height. So
parts are straightened and brought to one height before they are joined, and the new plate gets the slope and the height
of a third real one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.data.sources.base import Source

# Frames of a teacher's first two characters lie close together, whatever their distance in the picture. So the first
# two cuts are those of the plate's measures, in shares of its width.
_FIRST_CUTS = 0.151, 0.29
CHARACTERS = 7
_FINER = 2  # a straightened plate has so many pixels for one of the picture, so that it is not blurred twice
_TALL = 48 * _FINER  # rows of a straightened plate; its characters fill the middle half
_SLOPES = np.linspace(-0.25, 0.25, 101)  # that are tried: pixels down for one to the right

Rng = np.random.Generator
Shades = NDArray[np.float32]


class View(NamedTuple):
    """How a plate lies in its picture: its characters begin at `top` + `slope` · x, and are `height` pixels high."""

    slope: float
    top: float
    height: float


class Plate(NamedTuple):
    """A plate that the teacher reads as its label says."""

    text: str
    pixels: Shades  # straightened: rows × columns, grey
    cuts: tuple[int, ...]  # columns between its characters, and its width
    view: View
    size: tuple[int, int]  # width and height of its picture


def plates(source: Source, teacher: Reader) -> list[Plate]:
    """Those of a source that can be cut."""
    found = []
    for index in range(len(source)):
        image = source.image(index).convert("L")
        reading = teacher(image)
        if reading.text == source.text(index) and len(reading.characters) == CHARACTERS:
            middles = [(character.left + character.right) / 2 for character in reading.characters]
            later = [(one + next_) / 2 for one, next_ in pairwise(middles[2:])]
            first = [share * image.width for share in _FIRST_CUTS]
            pixels = np.asarray(image, np.float32)
            view = view_of(pixels)
            cuts = tuple(round(_FINER * cut) for cut in (*first, *later, image.width))
            found.append(Plate(reading.text, straightened(pixels, view), cuts, view, image.size))
    return found


def view_of(pixels: Shades) -> View:
    """The slope along which strokes fill the fewest rows, and the rows that hold most of them."""
    height, width = pixels.shape
    strokes = np.abs(np.diff(pixels, axis=1))
    strokes = np.minimum(strokes, np.quantile(strokes, 0.95))
    rows, columns = np.mgrid[:height, : width - 1]
    best, kept = -1.0, (0.0, np.zeros(0))
    for slope in _SLOPES:
        below = rows - slope * (columns - width / 2)
        filled, _ = np.histogram(below, bins=2 * height, range=(-height / 2, 1.5 * height), weights=strokes)
        sharpness = float(np.square(filled).sum())
        if sharpness > best:
            best, kept = sharpness, (float(slope), filled)
    slope, filled = kept
    share = np.cumsum(filled) / filled.sum()
    top, bottom = (float(np.searchsorted(share, bound)) - height / 2 for bound in (0.06, 0.94))
    return View(slope, top - slope * width / 2, max(6.0, bottom - top))


def straightened(pixels: Shades, view: View) -> Shades:
    """The plate with its characters on a level, of one height and with room around them."""
    row = 2 * view.height / _TALL
    matrix = np.array([[1 / _FINER, 0, 0], [view.slope / _FINER, row, view.top - view.height / 2]])
    return _warped(pixels, matrix, (_FINER * pixels.shape[1], _TALL))


def seen(straight: Shades, view: View, size: tuple[int, int]) -> Shades:
    """A straightened plate as it looks in a picture of `size` (width, height)."""
    column, row = straight.shape[1] / size[0], _TALL / (2 * view.height)
    matrix = np.array([[column, 0, 0], [-view.slope * row, row, -(view.top - view.height / 2) * row]])
    return _warped(straight, matrix, size)


def _warped(pixels: Shades, matrix: NDArray[np.float64], size: tuple[int, int]) -> Shades:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(pixels, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def join(found: list[Plate], rng: Rng) -> tuple[str, Image.Image]:
    """Parts of one to three plates, in the light of the first and the view of another one.

    A quarter begins with a plate of another province than the most frequent one.
    """
    rare = [plate for plate in found if plate.text[0] != "皖"]
    first = found[rng.integers(len(found))]
    if rare and rng.random() < 0.25:
        first = rare[rng.integers(len(rare))]
    inner = np.sort(rng.choice(np.arange(1, CHARACTERS), int(rng.integers(0, 3)), replace=False)).tolist()
    spans = list(pairwise([0, *inner, CHARACTERS]))
    plates_of_parts = [first, *(found[rng.integers(len(found))] for _ in inner)]
    parts = [_part(plate, first, *span) for plate, span in zip(plates_of_parts, spans, strict=True)]
    text = "".join(plate.text[start:end] for plate, (start, end) in zip(plates_of_parts, spans, strict=True))
    model = found[rng.integers(len(found))]
    pixels = seen(np.concatenate(parts, 1), _view_like(model, rng), model.size)
    return text, Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _part(plate: Plate, light: Plate, start: int, end: int) -> Shades:
    """The columns of some characters, in the light of another plate."""
    level, contrast = light.pixels.mean(), light.pixels.std()
    adapted = (plate.pixels - plate.pixels.mean()) / max(plate.pixels.std(), 1) * contrast + level
    return adapted[:, plate.cuts[start - 1] if start else 0 : plate.cuts[end - 1]]


def _view_like(plate: Plate, rng: Rng) -> View:
    """The view of a plate, or its reflection, and a little more or less of it."""
    _, top, old_height = plate.view
    half = plate.size[0] / 2
    slope = plate.view.slope * rng.choice([-1, 1]) * rng.uniform(0.7, 1.5) + rng.normal(0, 0.02)
    height = old_height * rng.uniform(0.92, 1.08)
    middle = top + plate.view.slope * half + old_height / 2 + rng.normal(0, 0.7)
    return View(slope, middle - height / 2 - slope * half, height)
