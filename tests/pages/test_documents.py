"""Pages are found in images, TIFFs of several pages and PDFs, and a line is cut out of them straight."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from pages.printed import printed_page
from PIL import Image

from crnn_deploy.data.picture import picture
from crnn_deploy.errors import InputError
from crnn_deploy.pages.detection import cut_out
from crnn_deploy.pages.documents import sheets_of
from crnn_deploy.pages.quad import Quad

pytest.importorskip("rapidocr")
pytest.importorskip("fontpkg")


def test_files_of_several_pages(folder: Path) -> None:
    for name in ("twice.tif", "twice.pdf"):
        first, second = sheets_of(folder / name, 100)
        assert [first.name, second.name] == [f"{folder / name}#1", f"{folder / name}#2"]
        upright, turned = (sheet.picture.resize((1000, 560)) for sheet in (first, second))
        assert np.abs(np.asarray(upright, int) - np.asarray(turned.rotate(180), int)).mean() < 3
    larger, _ = sheets_of(folder / "twice.pdf", 200)
    assert larger.picture.size == pytest.approx((2000, 1120), abs=2)


@pytest.mark.parametrize("content", [b"", b"x", b"%PDF-1.4\nbroken"])
def test_a_broken_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pdf").write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.pdf"):
        list(sheets_of(tmp_path / "bad.pdf", 100))


def test_a_pdf_is_closed_when_its_pages_are_read_or_no_more_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pypdfium2, closed = pytest.importorskip("pypdfium2"), []
    for kind in (pypdfium2.PdfPage, pypdfium2.PdfDocument):
        close = kind.close
        monkeypatch.setattr(kind, "close", lambda it, close=close: (closed.append(type(it).__name__), close(it)))
    sheets = sheets_of(folder / "twice.pdf", 100)
    next(sheets)
    assert closed == ["PdfPage"]
    sheets.close()  # type: ignore[attr-defined]
    assert closed == ["PdfPage", "PdfDocument"]
    assert len(list(sheets_of(folder / "twice.pdf", 100))) == 2
    assert closed[2:] == ["PdfPage", "PdfPage", "PdfDocument"]


def test_a_pipe_is_refused_before_it_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="is no file"):
        next(sheets_of(pipe, 200))


def test_a_line_that_is_tilted_or_turned_is_straightened() -> None:
    line = Image.new("RGB", (200, 20), "white")
    line.paste("black", (0, 0, 20, 20))
    page = Image.new("RGB", (300, 300), "white")
    page.paste(line.rotate(-90, expand=True), (50, 40))  # its top lies on the right
    turned = cut_out(page, Quad((50, 40), (70, 40), (70, 240), (50, 240)))
    assert turned.size == (200, 20)
    assert np.asarray(turned)[:, :18].mean() < 20
    assert np.asarray(turned)[:, 22:].mean() > 235


def test_a_line_of_a_turned_photograph_is_turned_once(tmp_path: Path) -> None:
    path, exif = tmp_path / "photo.jpg", Image.Exif()
    exif[0x0112] = 6
    printed_page().transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    (sheet,) = sheets_of(path, 200)
    line = cut_out(sheet.picture, Quad((10, 10), (210, 10), (210, 40), (10, 40)))
    assert picture(line, "line", "RGB").size == line.size == (200, 30)
