"""Pages are read: their lines in the order of people, the place of words, and what is refused."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from pages.printed import IN_ORDER
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.pages.documents import sheets_of
from crnn_deploy.pages.page import Page, PageLine
from crnn_deploy.pages.predict_pages import predict_pages
from crnn_deploy.pages.quad import Quad
from crnn_deploy.pages.read_pages import PageReader
from crnn_deploy.reading.reading import Character, Reading

pytest.importorskip("rapidocr")
pytest.importorskip("fontpkg")


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


def test_a_page_with_nothing_on_it_has_no_lines(tmp_path: Path) -> None:
    Image.new("L", (300, 200), 255).save(tmp_path / "blank.png")
    (page,) = predict_pages(PredictConfig(images=(str(tmp_path / "blank.png"),), pages=True))
    assert page.lines == ()


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


def test_a_network_that_fails_is_no_broken_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise InputError("ONNX Runtime cannot run it.")

    monkeypatch.setattr(Reader, "__call__", fail)
    with pytest.raises(InputError, match="cannot run it"):
        list(predict_pages(PredictConfig(images=(str(folder / "page.png"),), pages=True, skip_bad=True)))


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
