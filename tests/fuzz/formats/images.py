"""Images: their chunks, segments and directories, and images of unusual modes and sizes."""

from __future__ import annotations

import struct
import zlib
from random import Random

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, number, packed
from fuzz.small_models import encoded, line_image
from PIL import Image

KINDS = {
    "png": "PNG", "jpg": "JPEG", "tif": "TIFF", "gif": "GIF", "webp": "WEBP", "bmp": "BMP", "ppm": "PPM",
}  # fmt: skip
TURNED = ("png", "jpg", "tif", "webp")
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I", "F")
SIZES = ((1, 1), (1, 200), (3000, 1), (2, 3), (40, 16), (9000, 40), (300, 600))
ORIENTATION = 0x0112


def seeds() -> list[Seed]:
    """One line in each format, upright, and turned where the format can say so."""
    found = []
    for suffix, kind in KINDS.items():
        name, commands = f"line.{suffix}", {f"predict line.{suffix} --json": 4, f"predict line.{suffix}": 1}
        found.append(Seed({name: encoded(line_image(), kind)}, name, commands))
        if suffix in TURNED:
            image = line_image().transpose(Image.Transpose.ROTATE_90)
            found.append(Seed({name: encoded(image, kind, exif=_exif(6))}, name, commands))
    return found


def mutate(random: Random, data: bytes) -> bytes:
    if random.random() < 0.25:
        return _drawn(random)
    if data.startswith(b"\x89PNG"):
        return _mutate_png(random, data)
    if data.startswith(b"\xff\xd8"):
        return _mutate_jpeg(random, data)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _mutate_tiff(random, data)
    return mutate_bytes(random, data)


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def _drawn(random: Random) -> bytes:
    """A new image of some mode, size and orientation, in a format that can hold it."""
    base = line_image() if random.random() < 0.6 else line_image().resize(random.choice(SIZES))
    mode, kind = random.choice(MODES), random.choice([*KINDS.values()])
    try:
        image = base.convert("L").convert(mode) if mode in ("I;16", "I", "F", "1") else base.convert(mode)
        options = {"exif": _exif(number(random) % 12)} if random.random() < 0.5 else {}
        if random.random() < 0.2 and mode in ("L", "P", "RGB"):
            options["transparency"] = 0 if mode != "RGB" else (0, 0, 0)
        if random.random() < 0.2 and kind in ("TIFF", "GIF", "WEBP", "PNG"):
            options |= {"save_all": True, "append_images": [line_image("9.99").convert(mode)] * 2}
        return encoded(image, kind, **options)
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return encoded(base)


def _mutate_png(random: Random, data: bytes) -> bytes:
    """Change, double, move or remove a chunk; its checksum is made right again, mostly."""
    chunks = []
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    if not chunks:
        return mutate_bytes(random, data)
    which, kind = random.randrange(len(chunks)), random.randrange(6)
    name, body = chunks[which]
    if kind <= 2:
        chunks[which] = (name, _mutate_header(random, body) if name == b"IHDR" else mutate_bytes(random, body))
    elif kind == 3:
        chunks.insert(random.randrange(len(chunks) + 1), (name, body))
    elif kind == 4:
        del chunks[which]
    else:
        extra = random.choice((b"tRNS", b"PLTE", b"acTL", b"fcTL", b"eXIf", b"iCCP", b"zTXt", b"gAMA", b"fdAT"))
        chunks.insert(which, (extra, random.randbytes(random.choice((0, 1, 3, 8, 26)))))
    spoilt = random.random() < 0.1
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body) ^ spoilt)
        for name, body in chunks
    )


def _mutate_header(random: Random, body: bytes) -> bytes:
    place, width = random.choice(((0, 4), (4, 4), (8, 1), (9, 1), (10, 1), (11, 1), (12, 1)))
    return body[:place] + packed(random, width, big=True) + body[place + width :]


def _mutate_jpeg(random: Random, data: bytes) -> bytes:
    """Change the length or the content of a segment."""
    segments = []
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        segments.append(at)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if not segments or random.random() < 0.3:
        return mutate_bytes(random, data)
    at = random.choice(segments)
    if random.random() < 0.3:
        return data[: at + 2] + packed(random, 2, big=True) + data[at + 4 :]
    place = at + 4 + random.randrange(16)
    return data[:place] + packed(random, random.choice((1, 2)), big=True) + data[place + 2 :]


def _mutate_tiff(random: Random, data: bytes) -> bytes:
    """Change one field of an entry of the first directory."""
    order = "big" if data[:2] == b"MM" else "little"
    start = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[start : start + 2], order)
    if not 0 < count < 100 or random.random() < 0.2:
        return mutate_bytes(random, data)
    place, width = random.choice(((0, 2), (2, 2), (4, 4), (8, 4), (8, 2)))
    at = start + 2 + 12 * random.randrange(count) + place
    return data[:at] + packed(random, width, order == "big") + data[at + width :]


FORMAT = Format("images", seeds, mutate)
