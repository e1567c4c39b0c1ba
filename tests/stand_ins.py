"""Small files that stand in for those of a reader, for the commands of the documentation."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from javascript_packages import CACHE, require_npm_package
from PIL import Image

from crnn_deploy.api import ExportConfig, QuantizeConfig, RenderConfig, export, quantize, render
from crnn_deploy.zoo import READER


def make_files(names: tuple[str, ...], folder: Path) -> None:
    """Make the named files in `folder`; a file is made from those that it depends on."""
    for name in names:
        if not (folder / name).exists():
            MAKERS[name](folder)


def checkpoint(folder: Path) -> None:
    """EasyOCR's English checkpoint, where its package is installed."""
    package = pytest.importorskip("easyocr_en_models")
    shutil.copy(Path(package.model_dir()) / "english_g2.pth", folder)


def lines(name: str, count: int, seed: int) -> Callable[[Path], None]:
    """Rendered lines with labels."""

    def make(folder: Path) -> None:
        render(RenderConfig(count=count, seed=seed, charset="0123456789ABCDEF", max_length=12, output=folder / name))

    return make


def line(folder: Path) -> None:
    """One image of a line."""
    make_files(("unseen.tar",), folder)
    (folder / "line.png").write_bytes(next(images_in(folder / "unseen.tar")))


def page(folder: Path) -> None:
    """A page with a few lines."""
    make_files(("unseen.tar",), folder)
    sheet = Image.new("L", (900, 400), 255)
    for number, image in enumerate(islice(images_in(folder / "unseen.tar"), 4)):
        with Image.open(io.BytesIO(image)) as found:
            sheet.paste(found.resize((found.width * 40 // found.height, 40)), (40, 40 + 80 * number))
    sheet.save(folder / "page.png")


def photos(folder: Path) -> None:
    """A folder of images without labels."""
    lines("photos.tar", 32, 3)(folder)
    (folder / "photos").mkdir()
    for number, image in enumerate(images_in(folder / "photos.tar")):
        (folder / "photos" / f"{number}.png").write_bytes(image)


def images_in(archive: Path) -> Iterator[bytes]:
    """The encoded images of a `.tar`."""
    with tarfile.open(archive) as file:
        for member in file:
            content = file.extractfile(member) if member.name.endswith(".png") else None
            if content is not None:
                yield content.read()


def weights(name: str) -> Callable[[Path], None]:
    """The package's reader under another name."""
    return lambda folder: shutil.copy(READER.with_name("reader.safetensors"), folder / name) and None


def exported(name: str) -> Callable[[Path], None]:
    """The package's reader as an FP32 ONNX file."""

    def make(folder: Path) -> None:
        export(ExportConfig(model=READER.with_name("reader.safetensors"), output=folder / name))

    return make


def quantized(folder: Path) -> None:
    """The package's reader in INT8."""
    shutil.copy(READER, folder / "student.int8.onnx")


def quantized_for_tensorrt(folder: Path) -> None:
    """The package's reader in the INT8 of TensorRT."""
    make_files(("student.onnx", "lines.tar"), folder)
    quantize(
        QuantizeConfig(
            model=folder / "student.onnx",
            data=str(folder / "lines.tar"),
            target="tensorrt",
            samples=20,
            held_out=20,
            output=folder / "student.trt.onnx",
        )
    )


def npm_packages(folder: Path) -> None:
    """ONNX Runtime for JavaScript in a cache, where `make` has installed it."""
    for name in ("onnxruntime-node", "onnxruntime-web"):
        require_npm_package(name)
    (folder / "cache").mkdir(exist_ok=True)
    (folder / "cache" / "npm").symlink_to(CACHE / "npm")


MAKERS: dict[str, Callable[[Path], None]] = {
    "cache/npm": npm_packages,
    "english_g2.pth": checkpoint,
    "line.png": line,
    "lines.tar": lines("lines.tar", 48, 1),
    "page.png": page,
    "photos": photos,
    "student.int8.onnx": quantized,
    "student.onnx": exported("student.onnx"),
    "student.safetensors": weights("student.safetensors"),
    "student.trt.onnx": quantized_for_tensorrt,
    "teacher.onnx": exported("teacher.onnx"),
    "teacher.safetensors": weights("teacher.safetensors"),
    "unseen.tar": lines("unseen.tar", 24, 2),
}
