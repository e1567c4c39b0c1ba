"""From an image file to the picture that people see: upright, 8 bits a channel, on paper.

Everything that needs the pixels or the size of an image takes them from here. Embedded colour profiles are not
applied: a reader of text sees next to no difference, and training sees the same pixels.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from crnn_deploy.data.clip import Clip, ImageOrClip
from crnn_deploy.data.depth import DEEP_MODES, eight_bits
from crnn_deploy.data.paper import on_paper
from crnn_deploy.data.sources.base import broken_image
from crnn_deploy.data.tiff import check_tiff
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_IMAGE_PIXELS

# No others: some of Pillow's formats start programs (EPS), or are rare enough that their decoders are little tested.
_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM")

PILLOW_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    OverflowError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow raises for files that are damaged or made to damage: each format has its own."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by the value of its EXIF orientation."""

_EXIF_KEYS = frozenset(("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp"))
_SPECIAL_KEYS = _EXIF_KEYS | {"transparency"}
_EXIF_MARKS = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")


def open_image(data: bytes, name: str) -> Image.Image:
    """An encoded image of which only the header is read.

    Raises:
        InputError: naming the image, if its header is broken, or it has no pixels or more than `MAX_IMAGE_PIXELS`.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        raise broken_image(name, "it is not an image") from None
    except Image.DecompressionBombError:
        raise _too_large(name, f"more than {MAX_IMAGE_PIXELS:,} pixels") from None
    except PILLOW_ERRORS as error:
        raise broken_image(name, _reason(error)) from None
    width, height = image.size
    if width * height > MAX_IMAGE_PIXELS:
        raise _too_large(name, f"{width:,} × {height:,} pixels")
    return image


def file_bytes(image: ImageOrClip) -> bytes:
    """The bytes of the file that an image, or the first still of a clip, came from; as PNG if it came from none."""
    image = image.first() if isinstance(image, Clip) else image
    file = getattr(image, "fp", None)
    if isinstance(file, io.BytesIO):
        return file.getvalue()
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def seen_size(image: ImageOrClip) -> tuple[int, int]:
    """Width and height of the upright picture in pixels, or of the first still; reads only the header."""
    image = image.first() if isinstance(image, Clip) else image
    width, height = image.size
    return (height, width) if _orientation(image) >= 5 else (width, height)


def picture(image: ImageOrClip, name: str, mode: Literal["L", "RGB"]) -> Image.Image:
    """The picture that people see, in 8 bits: of several frames or stills the first, on white or black paper, upright.

    Raises:
        InputError: naming the image, if its pixels cannot be decoded, or are NaN or infinite.
    """
    if type(image) is Image.Image and image.mode == mode and _SPECIAL_KEYS.isdisjoint(image.info):
        return image  # from no file, so that it is decoded
    image = image.first() if isinstance(image, Clip) else image
    try:
        if image.format == "TIFF":
            check_tiff(image)
        image.load()
        turn = _TURNS.get(_orientation(image))
        plain = _plain(image)
        plain = plain if plain.mode == mode else plain.convert(mode)
    except (*PILLOW_ERRORS, ImageCms.PyCMSError) as error:
        raise broken_image(name, _reason(error)) from None
    if turn is None:
        return plain
    upright = plain.transpose(turn)
    for key in _EXIF_KEYS:  # what is cut out of it would be turned once more
        upright.info.pop(key, None)
    return upright


def has_several_frames(image: ImageOrClip) -> bool:
    """Whether this is an animation or has several pages; the small previews in a photograph (MPO) are none."""
    if isinstance(image, Clip):
        return False
    try:
        return image.format != "MPO" and bool(getattr(image, "is_animated", False))
    except PILLOW_ERRORS:
        return False


def _plain(image: Image.Image) -> Image.Image:
    """The decoded image without transparency, in a mode that Pillow converts to `L` and `RGB` as it looks."""
    if image.mode in DEEP_MODES:
        return _deep(image)
    if image.mode == "LAB":
        return _from_lab(image)
    if image.has_transparency_data:
        return on_paper((image.convert("LA") if image.mode == "La" else image).convert("RGBA"))
    return image


def _deep(image: Image.Image) -> Image.Image:
    grey = eight_bits(image)
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey
    opaque = Image.fromarray(255 * (np.asarray(image) != clear).astype(np.uint8))
    return on_paper(Image.merge("RGBA", (grey, grey, grey, opaque)))


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:
        raise ValueError("its Lab colours cannot be converted")
    return converted


def _orientation(image: Image.Image) -> int:
    """The value of the EXIF orientation, 1 to 8; 1 where there is none, or it cannot be read."""
    if image.format == "TIFF" or not _has_exif(image):
        return 1  # Pillow turns TIFF itself
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
    except PILLOW_ERRORS:
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def _has_exif(image: Image.Image) -> bool:
    """Whether there are EXIF or XMP data. In a PNG they may lie behind the pixels: then Pillow decodes these first."""
    if not _EXIF_KEYS.isdisjoint(image.info):
        return True
    if image.format != "PNG":
        return False
    file = getattr(image, "fp", None)
    data = file.getvalue() if isinstance(file, io.BytesIO) and not file.closed else b""
    return any(mark in data for mark in _EXIF_MARKS)


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _too_large(name: str, pixels: str) -> InputError:
    return InputError(
        f"The image {name} has {pixels}.",
        f"Images of more than {MAX_IMAGE_PIXELS:,} pixels are refused before they are decoded.",
        "Crop it to one line of text, or scale it down; --skip-bad leaves it out.",
    )
