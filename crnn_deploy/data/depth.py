"""Greys of more than 8 bits, as 8 bits.

Few files say which value is white, and 12-bit pictures come in 16 bits, 16-bit ones in 32. So white is the smallest
largest value of a usual depth that no pixel exceeds. The result depends on the picture alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.tiff import BITS, PHOTOMETRIC, SAMPLE_FORMAT, SIGNED, tag

DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
"""Pillow's modes of more than 8 bits; it clips them to 0 … 255 when it converts them."""

_WHITES = (1, 2**8 - 1, 2**10 - 1, 2**12 - 1, 2**14 - 1, 2**16 - 1)
_WHITES_OF_SIGNED_16 = (*_WHITES[:-1], 2**15 - 1)
_OVERSHOOT = 0.25
"""How far, as a share of white, filters leave floats above white and any pixel below black."""

_WHITE_IS_ZERO = 0


def eight_bits(image: Image.Image) -> Image.Image:
    """A decoded image of one of the `DEEP_MODES` in mode `L`.

    White is 1, or the largest value of 8, 10, 12, 14 or 16 bits, or where pixels are larger than all of these, the
    largest pixel; floats may be a quarter above. Black is 0, or where pixels lie further below 0 than a quarter of
    white, the smallest pixel; white is then the largest.

    Raises:
        ValueError: if pixels are NaN or infinite.
    """
    grey = _scaled(_values(image), _whites(image))
    return Image.fromarray(255 - grey if tag(image, PHOTOMETRIC) == _WHITE_IS_ZERO else grey)


def eight_bit_values(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Pixels without a sign and of more than 8 bits, in 8 bits by the rules of `eight_bits`; one white for all."""
    return _scaled(values, _WHITES)


def _scaled(values: NDArray[np.generic], whites: tuple[int, ...]) -> NDArray[np.uint8]:
    black, white = _range(values, whites)
    scaled = (values.astype(np.float32) - np.float32(black)) * np.float32(255 / (white - black))
    grey: NDArray[np.uint8] = np.rint(scaled).clip(0, 255).astype(np.uint8)
    return grey


def _values(image: Image.Image) -> NDArray[np.generic]:
    values = np.asarray(image)
    if np.issubdtype(values.dtype, np.floating):
        wrong = values.size - int(np.isfinite(values).sum())
        if wrong:
            raise ValueError(f"{wrong} of its pixels are NaN or infinite")
    unsigned = tag(image, BITS) == (32,) and tag(image, SAMPLE_FORMAT) in (None, (1,))
    return values.view(np.uint32) if unsigned and values.dtype == np.int32 else values


def _whites(image: Image.Image) -> tuple[int, ...]:
    signed_16 = tag(image, BITS) == (16,) and tag(image, SAMPLE_FORMAT) == SIGNED
    return _WHITES_OF_SIGNED_16 if signed_16 else _WHITES


def _range(values: NDArray[np.generic], whites: tuple[int, ...]) -> tuple[float, float]:
    """The values that become 0 and 255."""
    low, high = float(values.min()), float(values.max())
    above = 1 + _OVERSHOOT if np.issubdtype(values.dtype, np.floating) else 1
    white = next((float(white) for white in whites if high <= white * above), high)
    if low >= -_OVERSHOOT * white:
        return 0.0, white
    return low, high if high > low else low + 1
