"""The module of a package reads as crnn-deploy does, whatever the spec and the kind of image."""

from __future__ import annotations

import io
import tarfile
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conv_reader import conv_reader
from packaged_specs import MODELS, PREPROCESSING, SIZES, preprocessing, spec_of
from PIL import Image

from crnn_deploy.data.picture import open_image, picture
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.serving.layout import MODEL, write_model
from crnn_deploy.serving.package import Package
from crnn_deploy.serving.targets.python.crnn_reader import Reader, _picture, network_input
from crnn_deploy.spec import ModelSpec
from crnn_deploy.zoo import READER


@pytest.mark.parametrize("changes", PREPROCESSING.values(), ids=PREPROCESSING)
def test_the_input_is_the_same_to_the_bit(changes: dict[str, Any]) -> None:
    seen, random = preprocessing(changes), np.random.default_rng(1)
    for width, height in SIZES:
        for image in (
            Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8)),
            Image.new("L", (width, height), 200),
        ):
            expected = Preprocessor(seen)(image, "image")
            assert np.array_equal(network_input(image, seen), expected), (width, height)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def colours() -> np.ndarray[Any, Any]:
    return np.random.default_rng(2).integers(0, 256, (12, 30, 3), np.uint8)


def strokes(dark: bool) -> Image.Image:
    """Strokes on nothing."""
    pixels = np.zeros((12, 30, 4), np.uint8)
    pixels[4:8, 5:25] = (10, 20, 30, 255) if dark else (250, 251, 252, 220)
    return Image.fromarray(pixels)


def page(covered: int, dark: int) -> bytes:
    """A light picture of which the first columns are there, and a few of these are dark."""
    pixels = np.zeros((40, 100, 4), np.uint8)
    pixels[:, :covered] = (250, 250, 250, 255)
    pixels[:, :dark] = (120, 120, 120, 255)
    return encoded(Image.fromarray(pixels), "PNG")


def turned(value: int, kind: str) -> bytes:
    exif = Image.Exif()
    exif[274] = value
    return encoded(Image.fromarray(colours()), kind, exif=exif.tobytes())


def deep(values: object, kind: str) -> bytes:
    return encoded(Image.fromarray(np.asarray(values)), kind)


RAMP = np.linspace(0, 1, 360).reshape(12, 30)
FILES = {
    **{f"orientation {value} of {kind}": turned(value, kind) for value in range(9) for kind in ("JPEG", "PNG", "TIFF")},
    "dark strokes": encoded(strokes(dark=True), "PNG"),
    "light strokes": encoded(strokes(dark=False), "PNG"),
    **{f"{covered} % of a page, {dark} % dark": page(covered, dark) for covered, dark in ((80, 8), (40, 4), (80, 2))},
    "grey and clear": encoded(strokes(dark=False).convert("LA"), "PNG"),
    "a clear colour of a palette": encoded(Image.fromarray(colours()).quantize(16), "PNG", transparency=3),
    "palette": encoded(Image.fromarray(colours()).quantize(16), "GIF"),
    "all clear": encoded(Image.new("RGBA", (8, 8), (9, 9, 9, 0)), "PNG"),
    "two levels": encoded(Image.fromarray(colours()).convert("1"), "PNG"),
    "CMYK": encoded(Image.fromarray(colours()).convert("CMYK"), "JPEG"),
    "several frames": encoded(
        Image.new("L", (9, 9), 3), "GIF", save_all=True, append_images=[Image.new("L", (9, 9), 99)]
    ),
    "16 bits": deep((RAMP * 65535).astype(np.uint16), "PNG"),
    "12 bits in 16": deep((RAMP * 4095).astype(np.uint16), "TIFF"),
    "32 bits": deep((RAMP * 1_000_000).astype(np.int32), "TIFF"),
    "floats": deep(RAMP.astype(np.float32), "TIFF"),
    "floats a little above white": deep((RAMP * 1.2).astype(np.float32), "TIFF"),
    "floats below black": deep((RAMP * 2 - 1).astype(np.float32), "TIFF"),
    "one grey of 16 bits": deep(np.full((4, 4), 70_000, np.int32), "TIFF"),
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_the_picture_is_what_people_see(data: bytes) -> None:
    for mode in ("L", "RGB"):
        expected = picture(open_image(data, "image"), "image", mode)  # type: ignore[arg-type]
        found = _picture(data, mode)
        assert found.mode == mode
        assert np.array_equal(np.asarray(found), np.asarray(expected))


def test_exif_that_pillow_cannot_read_turns_nothing() -> None:
    image = Image.fromarray(colours())

    def fail() -> None:
        raise LookupError("no such tag")

    image.getexif = fail  # type: ignore[method-assign, assignment]
    assert np.array_equal(np.asarray(_picture(image, "RGB")), colours())


def image_files(folder: Path) -> Path:
    """Images of noise of several widths, and those of `FILES`."""
    folder.mkdir()
    random = np.random.default_rng(3)
    for number in range(12):
        width, height = int(random.integers(20, 200)), int(random.integers(12, 40))
        Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8)).save(folder / f"{number:02}.png")
    for number, data in enumerate(FILES.values(), 12):
        kind = (Image.open(io.BytesIO(data)).format or "").lower()
        (folder / f"{number:02}.{kind}").write_bytes(data)
    return folder


@pytest.mark.parametrize(("spec", "options"), MODELS.values(), ids=MODELS)
def test_texts_and_confidences_are_those_of_predict(spec: ModelSpec, options: dict[str, Any], tmp_path: Path) -> None:
    artifact = conv_reader(tmp_path / "conv.onnx", spec, **options)
    images = image_files(tmp_path / "images")
    if spec.preprocessing.width is None:  # wider lines are cut by `predict`, and squeezed by the module
        for file in images.iterdir():
            with Image.open(file) as image:
                wide = spec.preprocessing.scaled_width(*image.size) > spec.preprocessing.max_width
            if wide:
                file.unlink()
    expected = predict(PredictConfig(images=(str(images),), model=artifact.path)).readings
    (tmp_path / "package").mkdir()
    write_model(artifact, tmp_path / "package")
    found = Reader(tmp_path / "package" / MODEL)([Path(reading.path) for reading in expected])
    assert [reading.text for reading in found] == [reading.text for reading in expected]
    assert [reading.confidence for reading in found] == pytest.approx([r.confidence for r in expected], abs=1e-5)
    assert len({reading.text for reading in found}) > 2


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    write_model(conv_reader(tmp_path / "conv.onnx", spec_of({"channels": "RGB"})), tmp_path)
    return Reader(tmp_path / MODEL, threads=1)


def test_images_of_all_kinds_read_the_same(reader: Reader, tmp_path: Path) -> None:
    pixels = colours()
    image = Image.fromarray(pixels)
    image.save(tmp_path / "line.png")
    expected = reader(tmp_path / "line.png")
    assert expected.text
    for same in (str(tmp_path / "line.png"), (tmp_path / "line.png").read_bytes(), image, pixels):
        assert reader(same) == expected
    assert reader((image, image)) == [expected, expected]
    grey = np.asarray(image.convert("L"))
    assert reader(grey) == reader(grey[:, :, np.newaxis]) == reader(Image.fromarray(grey))
    assert reader([]) == []


def test_what_is_no_image_is_refused(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"x")
    for bad in (tmp_path / "bad.png", tmp_path / "absent.png", b"x", encoded(Image.new("L", (9, 9)), "SGI")):
        with pytest.raises(OSError, match=r"."):
            reader(bad)


def test_outputs_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    write_model(conv_reader(tmp_path / "conv.onnx", spec_of()), tmp_path)
    reader = Reader(tmp_path / MODEL)
    reader.spec.preprocessing.mean = [float("nan")]
    with pytest.raises(ValueError, match="NaN"):
        reader(Image.new("L", (30, 12)))


def test_receipts_read_as_predict_reads_them(packaged_reader: Package, shared_data: Path, tmp_path: Path) -> None:
    with tarfile.open(shared_data / "sroie_lines" / "val.tar") as archive:
        images = list(islice((member for member in archive if member.name.endswith((".png", ".jpg"))), 100))
        for member in images:
            file = archive.extractfile(member)
            assert file is not None
            (tmp_path / Path(member.name).name).write_bytes(file.read())
    expected = predict(PredictConfig(images=(str(tmp_path),), model=READER)).readings
    found = Reader(Path(packaged_reader.path) / MODEL)([reading.path for reading in expected])
    assert [reading.text for reading in found] == [reading.text for reading in expected]
    assert [reading.confidence for reading in found] == pytest.approx([r.confidence for r in expected], abs=1e-4)
