"""Pages are found, read and written: images, TIFFs of several pages, PDFs, in each format."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from pages.printed import IN_ORDER, printed_page
from PIL import Image
from typer import Typer
from typer.testing import CliRunner

from crnn_deploy import Reader
from crnn_deploy.cli.failures import Commands
from crnn_deploy.cli.options import command
from crnn_deploy.cli.predict import predict as predict_command
from crnn_deploy.data.picture import picture
from crnn_deploy.data.sources.pages.alto_xml import read_alto
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.pages.detection import cut_out
from crnn_deploy.pages.documents import sheets_of
from crnn_deploy.pages.page import Page, PageLine
from crnn_deploy.pages.predict_pages import predict_pages
from crnn_deploy.pages.quad import Quad
from crnn_deploy.pages.read_pages import PageReader
from crnn_deploy.reading.reading import Character, Reading

pytest.importorskip("rapidocr")
pytest.importorskip("fontpkg")

Invoke = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`page.png`, `twice.tif` and `twice.pdf` with two pages each, and a file that is broken."""
    folder = tmp_path_factory.mktemp("pages")
    page = printed_page()
    page.save(folder / "page.png")
    page.save(folder / "twice.tif", save_all=True, append_images=[page.rotate(180)])
    page.save(folder / "twice.pdf", save_all=True, append_images=[page.rotate(180)], resolution=100)
    (folder / "zbroken.png").write_bytes(b"x")
    return folder


@pytest.fixture(scope="module")
def read(folder: Path) -> Page:
    (page,) = predict_pages(PredictConfig(images=(str(folder / "page.png"),), pages=True, threads=1))
    return page


@pytest.fixture
def invoke(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(folder)
    app = Typer(cls=Commands)
    app.command("predict")(command(predict_command))
    app.command("other")(lambda: None)  # a single command would have no name
    return lambda *arguments: CliRunner().invoke(app, ["predict", *arguments, "--pages"])


def test_a_page_is_read_in_the_order_of_people(read: Page) -> None:
    found = [line.reading.text for line in read.lines]
    assert len(found) == len(IN_ORDER)
    same = sum(a == b for a, b in zip(found, IN_ORDER, strict=True))
    assert same >= len(IN_ORDER) - 2  # a small model may take an I for an l
    assert (read.width, read.height) == (1000, 560)


def test_words_have_their_place(read: Page) -> None:
    title = read.lines[0]
    words = list(title.words())
    assert [word.text for word in words] == title.reading.text.split()
    assert [word.quad.box.left for word in words] == sorted(word.quad.box.left for word in words)
    assert all(title.quad.box.left <= word.quad.box.left < word.quad.box.right <= 500 for word in words)
    assert abs(words[0].quad.box.left - 60) < 25


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


def test_a_page_with_nothing_on_it_has_no_lines(tmp_path: Path) -> None:
    Image.new("L", (300, 200), 255).save(tmp_path / "blank.png")
    (page,) = predict_pages(PredictConfig(images=(str(tmp_path / "blank.png"),), pages=True))
    assert page.lines == ()


def test_a_line_that_is_tilted_or_turned_is_straightened() -> None:
    line = Image.new("RGB", (200, 20), "white")
    line.paste("black", (0, 0, 20, 20))
    page = Image.new("RGB", (300, 300), "white")
    page.paste(line.rotate(-90, expand=True), (50, 40))  # its top lies on the right
    turned = cut_out(page, Quad((50, 40), (70, 40), (70, 240), (50, 240)))
    assert turned.size == (200, 20)
    assert np.asarray(turned)[:, :18].mean() < 20
    assert np.asarray(turned)[:, 22:].mean() > 235


def test_words_of_a_turned_line_run_downwards() -> None:
    characters = (Character("a", 1.0, 0, 10), Character(" ", 1.0, 10, 50), Character("b", 1.0, 50, 100))
    line = PageLine(Quad((0, 0), (20, 0), (20, 100), (0, 100)), 100, Reading("a b", 1.0, characters))
    assert [(word.text, word.quad.box.top, word.quad.box.bottom) for word in line.words()] == [
        ("a", 0, 10),
        ("b", 50, 100),
    ]


def test_a_line_whose_text_is_not_that_of_its_characters_is_one_word() -> None:
    quad = Quad((0, 0), (100, 0), (100, 20), (0, 20))
    line = PageLine(quad, 100, Reading("ab", 0.5, (Character("b", 1.0, 0, 10), Character("a", 1.0, 10, 20))))
    assert [(word.text, word.quad) for word in line.words()] == [("ab", quad)]


def test_alto_is_read_back(invoke: Invoke, read: Page, tmp_path: Path) -> None:
    done = invoke("page.png", "--format", "alto", "-o", str(tmp_path / "out"))
    assert done.exit_code == 0
    written = read_alto((tmp_path / "out" / "page.png.xml").read_bytes(), "it")
    assert (written.width, written.height) == (read.width, read.height)
    assert [line.text for line in written.lines] == [" ".join(line.reading.text.split()) for line in read.lines]


def test_hocr_has_lines_and_words(invoke: Invoke, read: Page, tmp_path: Path) -> None:
    assert invoke("page.png", "--format", "hocr", "-o", str(tmp_path)).exit_code == 0
    html = ElementTree.parse(tmp_path / "page.png.hocr").getroot()
    lines = [each for each in html.iter() if each.get("class") == "ocr_line"]
    assert ["".join(line.itertext()).split() for line in lines] == [line.reading.text.split() for line in read.lines]
    assert all(each.get("title", "").startswith("bbox ") for each in lines)
    again = invoke("page.png", "--format", "hocr", "-o", str(tmp_path))
    assert (again.exit_code, "already exists" in again.stderr or "exists" in again.stderr) == (2, True)
    assert invoke("page.png", "--format", "hocr", "-o", str(tmp_path), "--force").exit_code == 0


def test_formats_for_machines_say_the_same(invoke: Invoke, read: Page) -> None:
    rows = [row.split("\t") for row in invoke("page.png").stdout.splitlines()]
    head, *table = csv.reader(invoke("page.png", "--format", "csv").stdout.splitlines())
    assert head == ["path", "text", "confidence", "left", "top", "right", "bottom"]
    assert table == rows
    (line,) = invoke("page.png", "--format", "jsonl").stdout.splitlines()
    page = json.loads(line)
    assert [each["text"] for each in page["lines"]] == [row[1] for row in rows] == read.text.split("\n")
    assert json.loads(invoke("page.png", "--json").stdout)["pages"] == [page]
    assert invoke("page.png", "--format", "text").stdout == read.text + "\n"


def test_broken_files_are_left_out_if_asked_for(invoke: Invoke) -> None:
    stopped = invoke("page.png", "zbroken.png", "--format", "text")
    assert stopped.exit_code == 2
    assert "zbroken.png" in stopped.stderr
    done = invoke("zbroken.png", "page.png", "--format", "text", "--skip-bad")
    assert done.exit_code == 0
    assert "zbroken.png" in done.stderr
    assert done.stdout.startswith(IN_ORDER[0][:5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("page.png", "--format", "hocr"), "needs output"),
        (("nothing.png",), "nothing.png"),
        (("nothing/*.png",), "No file fits"),
        (("page.png", "--dpi", "5"), "dpi"),
    ],
)
def test_wrong_calls_are_told(invoke: Invoke, arguments: tuple[str, ...], message: str) -> None:
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_no_page_takes_the_place_of_another(invoke: Invoke, folder: Path, tmp_path: Path) -> None:
    done = invoke("page.png", str(folder / "page.png"), "--format", "text", "-o", str(tmp_path / "out"), "--force")
    assert done.exit_code == 2
    assert "Two pages would be written to" in done.stderr


def test_a_network_that_fails_is_no_broken_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise InputError("ONNX Runtime cannot run it.")

    monkeypatch.setattr(Reader, "__call__", fail)
    with pytest.raises(InputError, match="cannot run it"):
        list(predict_pages(PredictConfig(images=(str(folder / "page.png"),), pages=True, skip_bad=True)))


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


def test_pages_as_one_object_and_as_rows_do_not_go_together(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("page.png", "--json", "--format", "text")
    assert (done.exit_code, done.stdout) == (2, "")
    done = invoke("page.png", "--json", "--format", "text", "-o", str(tmp_path))
    assert (done.exit_code, len(json.loads(done.stdout)["pages"])) == (0, 1)
    assert (tmp_path / "page.png.txt").exists()


def test_only_broken_files_are_an_error(invoke: Invoke) -> None:
    done = invoke("zbroken.png", "--skip-bad")
    assert (done.exit_code, "All 1 files are broken" in done.stderr) == (2, True)


def test_pages_are_not_read_from_stdin(invoke: Invoke) -> None:
    assert "not read from stdin" in invoke("-").stderr


def test_a_page_that_cannot_be_searched_is_refused(tmp_path: Path) -> None:
    Image.new("L", (20000, 1), 255).save(tmp_path / "thin.png")
    found = []
    with contextlib.suppress(InputError):
        found = list(predict_pages(PredictConfig(images=(str(tmp_path / "thin.png"),), pages=True)))
    assert all(page.lines == () for page in found)


def test_formats_of_pages_need_pages() -> None:
    with pytest.raises(ValueError, match="goes with pages"):
        PredictConfig(images=("page.png",), format="alto")


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(InputError) as caught:
        list(predict_pages(PredictConfig(images=(str(folder / "page.png"),), pages=True)))
    assert "crnn-deploy[pages]" in caught.value.fix
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(InputError) as caught:
        list(sheets_of(folder / "twice.pdf", 100))
    assert "crnn-deploy[pages]" in caught.value.fix


def test_classifiers_read_no_pages() -> None:
    reader = Reader(threads=1)
    reader.spec = reader.spec.model_copy(update={"task": "classify"})
    with pytest.raises(InputError, match="names classes"):
        PageReader(reader)


def test_a_line_of_a_turned_photograph_is_turned_once(tmp_path: Path) -> None:
    path, exif = tmp_path / "photo.jpg", Image.Exif()
    exif[0x0112] = 6
    printed_page().transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    (sheet,) = sheets_of(path, 200)
    line = cut_out(sheet.picture, Quad((10, 10), (210, 10), (210, 40), (10, 40)))
    assert picture(line, "line", "RGB").size == line.size == (200, 30)


def test_a_pipe_is_refused_before_it_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="is no file"):
        next(sheets_of(pipe, 200))
