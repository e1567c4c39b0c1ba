"""The pixels of pictures are read where Pillow keeps them, whatever made the picture."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.native import picture_pixels
from crnn_deploy.native.picture_pixels import pixels_of

ROWS = np.random.default_rng(0).integers(0, 256, (21, 37), np.uint8)
MAKERS: dict[str, Callable[[], Image.Image]] = {
    "an array": lambda: Image.fromarray(ROWS),
    "a copy": lambda: Image.fromarray(ROWS).copy(),
    "part of a picture": lambda: Image.fromarray(np.pad(ROWS, 5)).crop((5, 5, 42, 26)),
    "rows from the lowest on": lambda: Image.frombuffer("L", (37, 21), ROWS[::-1].tobytes(), "raw", "L", 0, -1),
    "another mode": lambda: Image.fromarray(ROWS).convert("RGB").convert("L"),
}


def read(picture: Image.Image) -> bytes:
    kept, place = pixels_of(picture)
    assert kept is not None
    return ctypes.string_at(place, picture.width * picture.height * len(picture.getbands()))


@pytest.mark.parametrize("origin", MAKERS)
def test_grey(origin: str) -> None:
    assert read(MAKERS[origin]()) == ROWS.tobytes()


def test_colour() -> None:
    picture = Image.merge("RGB", [Image.fromarray(ROWS + step) for step in range(3)])
    assert read(picture) == np.stack([ROWS + step for step in range(3)], -1).tobytes()


def test_of_a_picture_in_several_blocks() -> None:
    """Pillow divides pictures of more than 16 MB."""
    large = np.tile(ROWS, (220, 110))[:4500, :4000]
    assert read(Image.fromarray(large).copy()) == large.tobytes()


def test_without_what_pillow_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_pixels, "_pointer", None)
    assert read(Image.fromarray(ROWS)) == ROWS.tobytes()


def test_rows_that_do_not_lie_together() -> None:
    """An environment variable of Pillow lets each row begin at a multiple of some bytes."""
    program = (
        "import numpy as np; from PIL import Image; from crnn_deploy.preprocessing import Preprocessing\n"
        "from crnn_deploy.data.preprocess import Preprocessor\n"
        "picture = Image.fromarray((np.arange(21 * 37) % 251).astype(np.uint8).reshape(21, 37)).copy()\n"
        "seen = Preprocessor(Preprocessing(height=32))\n"
        "assert np.array_equal(seen(picture, 'a picture'), seen.tensor(seen.resized(picture)))\n"
    )
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "PILLOW_ALIGNMENT": "64"}, check=True)
