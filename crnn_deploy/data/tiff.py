"""Tags of TIFF files, and what Pillow reads in them otherwise than it looks."""

from __future__ import annotations

from PIL import Image

PHOTOMETRIC, BITS, SAMPLE_FORMAT = 262, 258, 339
SIGNED = (2,)
_PLANES = 284
_APART = 2


def tag(image: Image.Image, number: int) -> object:
    """A tag of a TIFF file; None for other formats."""
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else tags.get(number)


def check_tiff(image: Image.Image) -> None:
    """Raise `ValueError` if an undecoded TIFF holds what Pillow would read as another picture."""
    bits = tag(image, BITS)
    if not _has_all_rows(image):
        raise ValueError("its strips hold fewer pixels than it has")
    if bits == (8,) and tag(image, SAMPLE_FORMAT) == SIGNED:
        raise ValueError("its pixels are signed numbers of 8 bits")
    if isinstance(bits, tuple) and len(bits) > 1 and max(bits) > 8 and tag(image, _PLANES) == _APART:
        raise ValueError(f"its colours of {max(bits)} bits lie in planes of their own")


def _has_all_rows(image: Image.Image) -> bool:
    """Whether the parts of the file cover the picture: Pillow leaves black what they don't."""
    parts = {extents for _, extents, _, _ in getattr(image, "tile", ())}  # colours may lie in parts of their own
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in parts)
    return not parts or covered >= image.width * image.height
