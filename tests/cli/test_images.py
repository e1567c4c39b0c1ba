"""`predict` reads the same line from any file that shows it, and refuses by name what shows nothing."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.opening import open_source

from .workshop import invoke


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Image.Image:
    """One line of print, dark on light."""
    monkeypatch.chdir(tmp_path)
    render_lines(RenderOptions(count=1, seed=3, degradation=0, min_height=32), Path("print.tar"))
    return open_source("print.tar").image(0).convert("L")


def test_one_line_in_any_kind_of_file_is_one_text(line: Image.Image) -> None:
    grey = np.asarray(line)
    line.save("a8.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save("b16.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save("b16.tif")
    Image.fromarray(grey.astype(np.uint16) * 16).save("b12.png")
    Image.fromarray(grey.astype(np.int32) * 257).save("int32.tif")
    Image.fromarray(grey.astype(np.float32) / 255).save("float01.tif")
    Image.fromarray(grey.astype(np.float32)).save("float255.tif")
    line.convert("RGB").convert("CMYK").save("cmyk.jpg", quality=95)
    exif = Image.Exif()
    exif[274] = 6
    line.transpose(Image.Transpose.ROTATE_90).save("exif.jpg", exif=exif, quality=95)
    Image.merge("LA", (Image.new("L", line.size, 0), Image.fromarray(255 - grey))).save("black_on_alpha.png")
    names = sorted(str(path) for path in Path().iterdir() if path.suffix in (".png", ".tif", ".jpg"))
    done = invoke(f"predict {' '.join(names)}")
    assert done.exit_code == 0
    rows = [row.split("\t") for row in done.stdout.splitlines()]
    assert [row[0] for row in rows] == names
    texts = {row[1] for row in rows}
    assert len(texts) == 1
    assert len(texts.pop()) > 2


def test_light_strokes_on_transparency_are_read(line: Image.Image) -> None:
    strokes = Image.eval(line, lambda value: 255 - value)
    strokes.save("inverted.png")
    Image.merge("LA", (Image.new("L", line.size, 255), strokes)).save("white_on_alpha.png")
    done = invoke("predict inverted.png white_on_alpha.png")
    texts = [row.split("\t")[1] for row in done.stdout.splitlines()]
    assert texts[0] == texts[1] != ""


def test_a_header_that_claims_too_many_pixels_is_refused_without_warnings(line: Image.Image) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 10_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    Path("large.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT\x35\xaf\x06\x1e")
    with warnings.catch_warnings(record=True) as seen:
        done = invoke("predict large.png")
    assert (done.exit_code, done.stdout, seen) == (2, "", [])
    assert "large.png" in done.stderr
    assert "10,000 × 10,000 pixels" in done.stderr
    line.save("a.png")
    done = invoke("predict large.png a.png --skip-bad")
    assert done.exit_code == 0
    assert done.stdout.startswith("a.png\t")


def test_pixels_that_are_no_numbers_are_refused(line: Image.Image) -> None:
    values = np.asarray(line).astype(np.float32) / 255
    values[0, 0] = np.inf
    Image.fromarray(values).save("inf.tif")
    done = invoke("predict inf.tif")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "inf.tif" in done.stderr
