"""Tells pictures that are plainly no single line, such as a page, from those that are or may be one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.reading.runs import runs_of

_WIDTH, _HEIGHT = 64, 512
"""Largest size in pixels at which pictures are looked at."""

_BLANK = 0.1
"""Rows with less than this share of the ink of text rows are blank."""

_ALIKE = 0.4
"""Lines of text have at least this share of the height of the highest."""

_WHOLE = 0.75
"""A band at the edge of the picture has at least this share of the height of the highest, or it is what is left of a
neighbouring line."""

_FAINT = 0.25
"""Bands with less than this share of the ink of the darkest are shades of the paper."""

_ROWS = 3
"""A line of text has more rows than noise or a rule."""

_LONG = 1.5
"""A line is so many times as wide as it is high, which one character is not: a colon is no two lines."""

_SAME = 0.15
"""Bands whose ink differs by less than this share, column by column, are halves of signs: = or a row of colons."""


def is_several_lines(picture: Image.Image) -> bool:
    """Whether a picture shows two or more lines of text with blank rows between them; takes about 0.1 ms.

    Lines that touch, lean or lie on a structured background are not noticed.
    """
    width, height = picture.size
    small = picture.resize((min(width, _WIDTH), min(height, _HEIGHT)), Image.Resampling.BOX)
    rows = np.asarray(small.convert("L"), np.float32)
    ink = rows.std(axis=1)
    text = ink > _BLANK * np.sort(ink)[int(0.9 * len(ink))]
    if text.all():
        return False
    bands = _lines(runs_of(text), ink)
    squareness = (height / rows.shape[0]) / (width / rows.shape[1])
    parts = [rows[start:end] for start, end in bands]
    return len(parts) >= 2 and any(_is_long(part, squareness) for part in parts) and _differ(parts)


def _lines(bands: Sequence[tuple[int, int]], ink: NDArray[np.float32]) -> list[tuple[int, int]]:
    """The bands of rows that may be lines of text, of those with some ink."""
    high = [(start, end) for start, end in bands if end - start >= _ROWS]
    if not high:
        return []
    darkness = [ink[start:end].max() for start, end in high]
    dark = [band for band, darkest in zip(high, darkness, strict=True) if darkest >= _FAINT * max(darkness)]
    highest = max(end - start for start, end in dark)
    edges = (0, len(ink))
    shares = [_WHOLE if start in edges or end in edges else _ALIKE for start, end in dark]
    return [(start, end) for (start, end), share in zip(dark, shares, strict=True) if end - start >= share * highest]


def _is_long(band: NDArray[np.float32], squareness: float) -> bool:
    """Whether rows `[R, W]` hold more than a character, where a row is `squareness` times as high as a column wide."""
    ink = band.std(axis=0)
    inked = np.flatnonzero(ink > 0.25 * ink.max())  # none where all rows are the same, as those of a barcode
    return len(inked) > 0 and bool(inked[-1] + 1 - inked[0] >= _LONG * squareness * len(band))


def _differ(bands: list[NDArray[np.float32]]) -> bool:
    """Whether two neighbouring bands hold their ink in different columns."""
    inks = [band.std(axis=0) for band in bands]
    return any(np.abs(a - b).mean() >= _SAME * (a + b).mean() / 2 for a, b in pairwise(inks))
