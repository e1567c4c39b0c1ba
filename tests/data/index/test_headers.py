"""The quick look at a header says what Pillow says, or leaves it to Pillow."""

from __future__ import annotations

import zlib
from contextlib import suppress

import numpy as np
import pytest
from encoded_pictures import LEFT_TO_PILLOW, PLAIN

from crnn_deploy.data.index.headers import plain_size
from crnn_deploy.data.picture import open_image, seen_size
from crnn_deploy.errors import InputError


@pytest.mark.parametrize("kind", PLAIN)
def test_a_plain_picture_has_the_size_that_pillow_says(kind: str) -> None:
    assert plain_size(PLAIN[kind]) == seen_size(open_image(PLAIN[kind], kind)) == (91, 23)


@pytest.mark.parametrize("kind", LEFT_TO_PILLOW)
def test_others_are_left_to_pillow(kind: str) -> None:
    assert plain_size(LEFT_TO_PILLOW[kind]) is None


@pytest.mark.parametrize("kind", PLAIN)
def test_a_truncated_picture_is_never_plain(kind: str) -> None:
    data = PLAIN[kind]
    assert all(plain_size(data[:length]) is None for length in range(0, len(data) - 1, 7))


@pytest.mark.parametrize("damage", [None, 0xFF], ids=["any byte", "markers"])
@pytest.mark.parametrize("kind", PLAIN)
def test_of_a_damaged_header_no_other_size_is_read(kind: str, damage: int | None) -> None:
    random = np.random.default_rng(1)
    for _ in range(300):
        data = bytearray(PLAIN[kind])
        data[int(random.integers(0, min(300, len(data))))] = random.integers(0, 256) if damage is None else damage
        size = plain_size(bytes(data))
        if size is not None:
            with suppress(InputError):  # what Pillow refuses is found when it is decoded
                assert size == seen_size(open_image(bytes(data), "damaged"))


def test_a_picture_with_too_many_pixels_is_not_plain() -> None:
    header = b"IHDR" + (1 << 31).to_bytes(4, "big") * 2 + PLAIN["PNG"][24:29]
    data = PLAIN["PNG"][:12] + header + zlib.crc32(header).to_bytes(4, "big") + PLAIN["PNG"][33:]
    assert plain_size(data) is None
