"""Before long work starts, what is odd about images is told once for each source."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.data.checking import (
    tell_classes_without_images,
    tell_distorted,
    tell_squeezed,
    without_broken,
)
from crnn_deploy.data.index.rows import Item, Rows
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.arrays import ArraySource
from crnn_deploy.data.sources.encoded import EncodedSource
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import Silent


class Log(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, text: str) -> None:
        self.lines.append(text)


def source(*images: bytes) -> EncodedSource:
    items = [Item(f"{index}.png") for index in range(len(images))]
    return EncodedSource("lines", "unlabelled", Rows.of(items), lambda index: images[index])


def png(width: int = 20, frames: int = 1) -> bytes:
    buffer = io.BytesIO()
    first, *others = (Image.new("L", (width, 10), 50 * number) for number in range(frames))
    first.save(buffer, "PNG", save_all=frames > 1, append_images=others)
    return buffer.getvalue()


def test_files_of_several_frames_are_told_once() -> None:
    log = Log()
    usable, broken = without_broken(source(png(), png(frames=2), png(frames=3)), False, log)
    assert (len(usable), broken) == (3, [])
    assert log.lines == [
        "lines: 2 images hold several frames; only networks for clips see more than the first: 1.png, 2.png"
    ]


def test_broken_images_are_left_out_and_told() -> None:
    log = Log()
    usable, broken = without_broken(source(png(), b"x"), True, log)
    assert (len(usable), broken) == (1, ["1.png"])
    assert log.lines == ["1 broken images are left out: 1.png"]


def test_pixels_that_are_no_numbers_stop_the_work_before_it_starts(tmp_path: Path) -> None:
    Image.new("F", (4, 4), float("nan")).save(tmp_path / "x.tif")
    with pytest.raises(InputError, match=r"0\.png in lines is broken: 16 of its pixels"):
        without_broken(source((tmp_path / "x.tif").read_bytes()), False, Log())


def test_the_line_around_its_center_decides_whether_it_is_squeezed() -> None:
    """A thin line in a high image becomes far wider than the image's own shape says."""
    image = Image.new("L", (100, 100), 255)
    image.paste(0, (5, 48, 95, 52))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    seen = Preprocessing(height=20, max_width=100, centerline=True)
    width = Preprocessor(seen.model_copy(update={"max_width": 4096})).pixels(image, "x").shape[1]
    assert width > 101
    for most, squeezed in ((width - 1, 1), (width, 0)):
        log = Log()
        tell_squeezed(source(buffer.getvalue()), seen.model_copy(update={"max_width": most}), log)
        assert len(log.lines) == squeezed
    wide = Image.new("L", (200, 20), 255)  # whose own shape is wider than the limit; blank, it stays so
    wide.save(buffer := io.BytesIO(), "PNG")
    tell_squeezed(source(buffer.getvalue()), seen, log := Log())
    assert len(log.lines) == 1


def test_images_that_are_squeezed_are_counted() -> None:
    log = Log()
    lines = source(png(20), png(21), png(99))
    tell_squeezed(lines, Preprocessing(height=10, max_width=20), log)
    assert log.lines == [
        "lines: of 3 images, 2 wider than the model takes will be squeezed: 1.png, 2.png",
    ]
    tell_squeezed(lines, Preprocessing(height=10, width=25), log)  # a fixed width squeezes by design
    assert len(log.lines) == 1
    tell_squeezed(lines, Preprocessing(height=10, width=24), log)
    assert log.lines[1] == "lines: of 3 images, 1 wider than the model takes will be squeezed: 2.png"


def test_pictures_that_lose_their_shape_are_counted() -> None:
    log, seen = Log(), Preprocessing(height=10, width=10)
    tell_distorted(source(png(10), png(12)), seen, log)
    assert not log.lines
    tell_distorted(source(png(12), png(13), png(99)), seen, log)
    assert log.lines == [
        "lines: of 3 images, 2 of another shape or a far other size than the model sees will be squeezed or stretched "
        "(first: 1.png, 13×10 seen as 10×10)"
    ]


def test_classes_without_images_are_named() -> None:
    pictures = np.zeros((3, 4, 4), np.uint8)
    log, names = Log(), ("ant", "bee", "cat", "dog")
    tell_classes_without_images(ArraySource("set", pictures, np.array([0, 2, 2]), names), "training", log)
    assert log.lines == ["set: 2 of 4 classes have no images for training: bee, dog"]
    tell_classes_without_images(ArraySource("set", pictures, np.array([0, 2, 1]), names[:3]), "training", log)
    tell_classes_without_images(ArraySource("set", pictures, None, names), "training", log)
    assert len(log.lines) == 1
