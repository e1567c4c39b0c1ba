"""The stills of a clip as pictures; the frames of an animation and the pages of a TIFF are stills too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from PIL import Image

from crnn_deploy.clips import FEWEST_STILLS, Clips
from crnn_deploy.data.clip import Clip, ImageOrClip, broken_clip, check_count
from crnn_deploy.data.picture import PILLOW_ERRORS, has_several_frames, picture
from crnn_deploy.errors import InputError


def as_clip(image: ImageOrClip, name: str) -> Clip:
    """An item of a source as a clip. Raises `InputError` naming it if it is a single picture, or too long."""
    if isinstance(image, Clip):
        return image
    if not has_several_frames(image):
        raise InputError(
            f"{name} is a single picture, and the network sees clips.",
            "Each item must have several stills.",
            "Give a folder of stills for each clip, videos, or an NPZ with [N, T, H, W, C]; clips:FOLDER says that the "
            "pictures of a folder are the stills of one clip.",
        )
    try:
        count = int(getattr(image, "n_frames", 1))
    except PILLOW_ERRORS as error:
        raise broken_clip(name, error) from None
    check_count(name, count)
    return Clip(count, lambda indices: _frames(image, indices, name))


def as_single(image: ImageOrClip, name: str) -> Image.Image:
    """An item of a source as a single picture. Raises `InputError` naming it if it is a clip."""
    if isinstance(image, Clip):
        raise InputError(
            f"{name} is a clip, and the network sees single pictures.",
            "It was trained on pictures or lines.",
            "Give single pictures, or train a network for clips: --model frames-gru.",
        )
    return image


def seen_stills(clip: Clip, clips: Clips, name: str) -> list[int]:
    """The indices of the stills that a network sees. Raises `InputError` naming the clip if there are too few."""
    seen = clips.seen(clip.count)
    if len(seen) < FEWEST_STILLS:
        of_all = f" of {clip.count}, every {clips.every}th," if clips.every > 1 else ""
        raise InputError(
            f"The clip {name} has {len(seen)} still{of_all} to be seen, and a sequence needs {FEWEST_STILLS} at least.",
            "It is cut off, or it is a single picture.",
            "Remove it, or take a network for pictures.",
        )
    return seen


def pictures_of(clip: Clip, indices: Sequence[int], name: str, mode: Literal["L", "RGB"]) -> Iterator[Image.Image]:
    """The pictures of these stills, one after the other.

    Raises:
        InputError: naming the clip, if a still is broken, or has another size than the first.
    """
    size = None
    for index, still in zip(indices, clip.read(indices), strict=True):
        shown = picture(still, f"{name}, still {index}", mode)
        size = size or shown.size
        if shown.size != size:
            raise InputError(
                f"The clip {name} has stills of several sizes.",
                f"Still {indices[0]} has {size[0]}×{size[1]} pixels, and still {index} {shown.width}×{shown.height}.",
                "Cut them to one size, or separate the clips that were put together.",
            )
        yield shown


def check_decodes(image: ImageOrClip, name: str) -> None:
    """Raise `InputError` naming the image, or the clip, if it is broken."""
    if isinstance(image, Clip):
        check_stills(image, name)
    else:
        picture(image, name, "L")


def check_stills(clip: Clip, name: str) -> None:
    """Decode all stills of a clip. Raises `InputError` naming the clip if it can't be a sequence of pictures."""
    seen_stills(clip, Clips(), name)
    for _ in pictures_of(clip, range(clip.count), name, "L"):
        pass


def _frames(image: Image.Image, indices: Sequence[int], name: str) -> Iterator[Image.Image]:
    for index in indices:
        try:
            image.seek(index)
        except PILLOW_ERRORS as error:
            raise broken_clip(name, error) from None
        yield image
