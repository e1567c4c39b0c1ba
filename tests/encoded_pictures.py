"""One small picture in many encodings: such as the quick look at a header understands, and others."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

NOISE = np.random.default_rng(0).integers(0, 256, (23, 91, 3), np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 6
    return exif


PICTURE = Image.fromarray(NOISE)
PLAIN: dict[str, bytes] = {
    "grey JPEG": encoded(PICTURE.convert("L"), "JPEG"),
    "JPEG": encoded(PICTURE, "JPEG", dpi=(300, 300), comment="a line"),
    "progressive JPEG": encoded(PICTURE, "JPEG", progressive=True, optimize=True),
    "JPEG with restarts": encoded(PICTURE, "JPEG", restart_marker_rows=1),
    "JPEG with a profile": encoded(PICTURE, "JPEG", icc_profile=bytes(70_000)),
    "PNG": encoded(PICTURE, "PNG"),
    "PNG with a palette": encoded(PICTURE.quantize(5), "PNG"),
    "PNG of 1 bit": encoded(PICTURE.convert("1"), "PNG", dpi=(72, 72)),
}
LEFT_TO_PILLOW: dict[str, bytes] = {
    "turned JPEG": encoded(PICTURE, "JPEG", exif=turned()),
    "CMYK JPEG": encoded(PICTURE.convert("CMYK"), "JPEG"),
    "turned PNG": encoded(PICTURE, "PNG", exif=turned()),
    "animated PNG": encoded(PICTURE, "PNG", save_all=True, append_images=[PICTURE.convert("RGB")]),
    "BMP": encoded(PICTURE, "BMP"),
    "WebP": encoded(PICTURE, "WEBP"),
    "GIF": encoded(PICTURE, "GIF"),
    "nothing": b"",
}
