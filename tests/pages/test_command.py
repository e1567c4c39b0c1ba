"""`predict --pages` writes pages in each format, and tells what it cannot read or write."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pages.printed import IN_ORDER

from crnn_deploy.data.sources.pages.alto_xml import read_alto
from crnn_deploy.pages.page import Page

pytest.importorskip("rapidocr")
pytest.importorskip("fontpkg")

Invoke = Callable[..., Any]


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
    assert (again.exit_code, "exists" in again.stderr) == (2, True)
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
