"""Videos as clips, decoded by FFmpeg through PyAV.

Videos come from anywhere, so FFmpeg reads only the file itself, in a few formats, and no more than the limits allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from crnn_deploy import limits
from crnn_deploy.data.clip import Clip, broken_clip, check_count
from crnn_deploy.errors import InputError

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg")

# Playlists and the like would read other files, and addresses of the network.
_ONLY_FILES = {"protocol_whitelist": "file", "format_whitelist": "mov,mp4,avi,matroska,webm,mpeg,mpegvideo"}
_DECODING = {"max_pixels": str(limits.MAX_IMAGE_PIXELS)}


def is_video(name: str) -> bool:
    """Whether a file of this name or path counts as a video; hidden files do not."""
    path = PurePosixPath(name)
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def require_pyav(name: str) -> None:
    """Raise `InputError` if PyAV is not installed; `name` is what needs it."""
    if find_spec("av") is None:
        raise InputError(f"{name} needs PyAV to be read.", fix="pip install 'crnn-deploy[video]'")


def count_stills(path: Path, name: str) -> int:
    """Number of stills in a video, which is decoded for it: what a file says about that is often wrong.

    Raises:
        InputError: naming the video, if it is broken, or has more stills or pixels than the limits allow.
    """
    count = pixels = 0
    for frame in _decoded(path, name):
        count += 1
        pixels += frame.width * frame.height
        if count > limits.MAX_STILLS:
            break
        if pixels > limits.MAX_VIDEO_PIXELS:
            raise InputError(
                f"The clip {name} has more than {limits.MAX_VIDEO_PIXELS:,} pixels.",
                f"That are all of its stills together; they have {frame.width}×{frame.height} pixels each.",
                "Cut it into shorter clips, or make it smaller.",
            )
    check_count(name, count)
    return count


def video_clip(path: Path, name: str, count: int) -> Clip:
    """A video with `count` stills."""
    return Clip(count, lambda indices: _stills(path, name, indices))


def _stills(path: Path, name: str, indices: Sequence[int]) -> Iterator[Image.Image]:
    wanted = iter(indices)
    following = next(wanted, None)
    for number, frame in enumerate(_decoded(path, name)):
        while following == number:
            yield frame.to_image()
            following = next(wanted, None)
        if following is None:
            return
    raise broken_clip(name, f"it has no still {following}")


def _decoded(path: Path, name: str) -> Iterator[Any]:
    """The frames of the first video stream, one after the other.

    Raises:
        InputError: naming the video, if it is broken, or its pictures are larger than the limits allow.
    """
    require_pyav(name)
    import av

    try:
        with av.open(f"file:{path.absolute()}", container_options=_ONLY_FILES, metadata_errors="ignore") as container:
            if not container.streams.video:
                raise broken_clip(name, "it has no pictures")
            codec = container.streams.video[0].codec_context
            if codec is None:
                raise broken_clip(name, "it is encoded in an unknown way")
            _check_size(name, codec.width * codec.height)
            codec.thread_count = 1  # sources are read in several threads already
            codec.options = _DECODING
            yield from container.decode(container.streams.video[0])
    except (av.FFmpegError, OSError, ValueError, LookupError, ArithmeticError) as error:
        raise broken_clip(name, getattr(error, "strerror", None) or error) from None


def _check_size(name: str, pixels: int) -> None:
    if pixels > limits.MAX_IMAGE_PIXELS:
        raise InputError(
            f"The stills of the clip {name} have {pixels:,} pixels.",
            f"Images of more than {limits.MAX_IMAGE_PIXELS:,} pixels are refused before they are decoded.",
            "Make the video smaller.",
        )
