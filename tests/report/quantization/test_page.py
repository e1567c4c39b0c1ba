from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import pytest
from report.html_page import Page
from report.quantization_makers import full_record, make_record, sensitivity, tensor

from crnn_deploy.errors import InputError
from crnn_deploy.quantization.record import LayerPlacement, QuantizationRecord
from crnn_deploy.quantization.rewrite.realised import RealisedPrecision
from crnn_deploy.report import html_page as page_module
from crnn_deploy.report.quantization.page import (
    check_quantization_report,
    render_quantization,
    write_quantization_report,
)


@pytest.fixture(scope="module")
def source() -> str:
    return render_quantization(full_record(), "english_g2")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_the_page_is_whole_and_needs_no_other_file(source: str, page: Page) -> None:
    assert page.stray == page.open == []
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    for link in (*page.attributes("href"), *page.attributes("xlink:href"), *page.attributes("src")):
        assert link.startswith(("#", "data:"))
    assert "<script" not in source
    assert not re.search(r"https?:", source)
    assert "None" not in source


def test_the_headline_says_what_it_brought_and_cost(page: Page) -> None:
    assert page.texts["h1"][0].replace("\u00a0", " ") == (
        "english_g2 in INT8 runs 2.4× faster and reads 98.70 % of the images as before: CER +0.05 points "
        "(−0.04 … +0.14)."
    )


def test_the_page_of_a_rejected_model_says_so_first() -> None:
    page = Page(render_quantization(make_record(rejected="INT8 makes m.onnx no faster."), "m"))
    assert page.texts["h1"] == ["Rejected: INT8 makes m.onnx no faster."]


def test_all_that_was_tried_measured_and_decided_is_there(page: Page) -> None:
    cells = {cell.strip() for cell in (*page.texts["td"], *page.texts["th"])}
    assert {"minmax", "percentile", "entropy", "mse"} <= cells
    assert {"all", "recurrent", "mixed"} <= cells
    assert {"too sensitive for the budget", "slower in INT8 here"} <= cells
    assert {"image", "sequence/Transpose", "sequence/rnn/GRU"} <= cells
    assert "3 × QLinearConv, 1 × QGRU, 1 × MatMulIntegerToFloat" in page.texts["dd"]


def test_plots_name_their_rows_and_take_their_colours_from_the_style_sheet(source: str, page: Page) -> None:
    layers, tensors = page.texts["svg"]
    assert "Change of CER, points" in layers
    assert "sequence/rnn/GRU" in layers
    assert "backbone/blocks.2/layers.1.0/Conv" in tensors
    for svg in re.findall("<svg.*?</svg>", source, re.DOTALL):
        assert not re.search(r"#[0-9a-f]{6}", svg)


def test_long_tables_are_folded_and_the_plot_keeps_to_the_most_sensitive_layers() -> None:
    source = render_quantization(full_record(60), "x")
    assert "<details open>" not in source
    assert "The 60 most sensitive layers are drawn." in source
    layers, tensors = Page(source).texts["svg"]
    assert "head/MatMul" not in layers
    assert "blocks.59/layers.1.0" in tensors


def test_sections_without_content_are_left_out() -> None:
    page = Page(render_quantization(make_record(), "x"))
    assert page.texts["h2"] == ["Where each layer runs", "How it was measured"]
    assert "svg" not in page.texts


def test_classes_are_not_called_text() -> None:
    source = render_quantization(make_record(figure="top1", reference="parent"), "lenet")
    assert "Same class" in source
    assert "text</dt>" not in source
    assert "they have no labels" in source


def test_names_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>\" onload='x'"
    record = make_record(
        layers=(LayerPlacement(layer=evil, op=evil, precision="fp32", reason=evil),),
        sensitivity=(sensitivity(evil, 0.1, 10.0, evil),),
        tensors=(tensor(evil),),
        realised=RealisedPrecision(int8={evil: 1}, fp32={}, conversions=0),
        rejected=evil,
    )
    page = Page(render_quantization(record, evil))
    assert "script" not in page.texts
    assert page.attributes("onload") == []
    assert page.stray == []


def test_names_of_any_script_and_formulas_are_drawn() -> None:
    record = make_record(tensors=(tensor("層/$x$"), tensor("dead", 0.0, 0.0)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "層/$x$" in Page(render_quantization(record, "x")).texts["svg"][0]


def test_the_record_survives_as_json_and_equal_records_give_equal_bytes(tmp_path: Path) -> None:
    record = full_record()
    for name in ("a.json", "a.html", "b.html"):
        write_quantization_report(record, tmp_path / name, "x")
    assert QuantizationRecord.model_validate(json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))) == record
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {"a.json", "a.html", "b.html"}


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.html or \.json") as error:
        check_quantization_report(tmp_path / "a.pdf")
    assert "a.html" in error.value.fix
    with pytest.raises(InputError, match=r"must end in \.html or \.json"):
        write_quantization_report(make_record(), tmp_path / "a.pdf", "x")


def test_files_are_overwritten_on_demand_only(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        write_quantization_report(make_record(), tmp_path / "a.html", "x")
    assert (tmp_path / "a.html").read_text() == "mine"
    write_quantization_report(make_record(), tmp_path / "a.html", "x", force=True)
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("absent", ["jinja2", "matplotlib"])
def test_without_the_extra_json_is_left(absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "find_spec", lambda name: None if name == absent else object())
    with pytest.raises(InputError, match=absent):
        write_quantization_report(make_record(), tmp_path / "a.html", "x")
    write_quantization_report(make_record(), tmp_path / "a.json", "x")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
