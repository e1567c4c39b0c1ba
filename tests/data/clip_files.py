"""Clips as files: folders of stills, arrays, and videos."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

Stills = np.ndarray


def grey_stills(count: int, size: tuple[int, int] = (16, 12)) -> Stills:
    """Stills `[count, H, W]`, each of one level of grey that tells its place: 0, 20, 40, …"""
    levels = 20 * np.arange(count, dtype=np.uint8)
    return np.broadcast_to(levels[:, None, None], (count, size[1], size[0])).copy()


def write_stills(folder: Path, stills: Stills) -> Path:
    """`still1.png`, `still2.png`, …, without zeros before the numbers."""
    folder.mkdir(parents=True)
    for number, still in enumerate(stills, 1):
        Image.fromarray(still).save(folder / f"still{number}.png")
    return folder


def write_video(path: Path, stills: Stills, codec: str = "mpeg4") -> Path:
    """A video in the format of its suffix."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = stills.shape[2], stills.shape[1], "yuv420p"
        for still in stills:
            container.mux(stream.encode(av.VideoFrame.from_image(Image.fromarray(still).convert("RGB"))))
        container.mux(stream.encode())
    return path


def levels(clip: object) -> list[int]:
    """The mean grey level of each still of a clip."""
    return [round(float(np.asarray(still.convert("L")).mean())) for still in clip.read(range(clip.count))]  # type: ignore[attr-defined]
