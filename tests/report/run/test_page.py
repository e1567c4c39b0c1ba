from __future__ import annotations

import itertools
import re
import warnings

import pytest
from report.html_page import Page
from report.makers import accuracy, latency, make_report, variant

from crnn_deploy.errors import InputError
from crnn_deploy.report import html_page as page_module
from crnn_deploy.report.canvas import COLOURS
from crnn_deploy.report.run.page import render_html


@pytest.fixture(scope="module")
def source(report) -> str:
    return render_html(report)


@pytest.fixture(scope="module")
def page(source) -> Page:
    return Page(source)


def test_the_page_needs_no_other_file(source, page) -> None:
    links = [page.attributes(name) for name in ("href", "xlink:href", "src", "srcset", "action", "data", "poster")]
    assert sum(map(len, links)) > 0
    for link in itertools.chain(*links):
        assert link.startswith(("#", "data:")) or link == "wrong.html"  # it lies beside
    assert set(re.findall(r"url\((.)", source)) <= {"#"}
    assert "@import" not in source
    assert not {"script", "iframe", "object", "embed"} & page.texts.keys()
    assert not re.search(r"https?:", source)


def test_the_page_is_well_formed(page) -> None:
    assert page.stray == []
    assert page.open == []


def test_ids_are_unique_and_references_lead_somewhere(source, page) -> None:
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    inner = [link for link in page.attributes("xlink:href") if link.startswith("#")]
    assert {link[1:] for link in [*inner, *re.findall(r"url\((#[^)]*)\)", source)]} <= set(ids)


def test_predictions_cannot_become_markup(source) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source
    assert "<script" not in source


def test_texts_of_recipes_and_models_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>\"' onload=x"
    report = make_report(
        variant(evil, "baseline", evil), notes=(evil,), advice=evil, command=evil, realised={evil: {evil: 1}}
    )
    page = Page(render_html(report))
    assert "script" not in page.texts
    assert page.attributes("onload") == []
    assert page.stray == []


def test_the_plots_are_in_the_page(page) -> None:
    assert len(page.texts["svg"]) == 8
    accuracy, sizes, *_ = page.texts["svg"]
    assert "Latency, ms" in accuracy
    assert "CER, %" in accuracy
    for name in ("baseline-onnx", "student-int8", "tiny-int8"):
        assert name in accuracy
        assert name in sizes
    assert "15.1\u00a0MB" in sizes


def test_plots_take_their_colours_from_the_style_sheet(source) -> None:
    for name in COLOURS:
        assert f"var(--{name})" in source
        assert len(re.findall(rf"--{name}: #", source)) == 2, "one for light, one for dark"
    for svg in re.findall("<svg.*?</svg>", source, re.DOTALL):
        assert not re.search(r"#[0-9a-f]{6}", svg)


def test_a_script_that_matplotlib_cannot_draw_is_no_warning() -> None:
    foreign = variant("読む", "baseline", accuracy=accuracy(0.1), latency=(latency(1),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "読む (baseline)" in render_html(make_report(foreign))


def test_differing_characters_are_marked(source, page) -> None:
    assert page.texts["mark"].count("0") == 1  # either|0r
    assert 'instead of o">0</mark>' in source
    readings = [text for text in page.texts["dd"] if "either|" in text]
    assert readings == ["either|or", "either|0r"]


def test_variants_that_read_alike_share_a_line(page) -> None:
    assert "student" in page.texts["dt"]
    assert "baseline" in page.texts["dt"]
    straight = [text for text in page.texts["dd"] if text.lower() == "straße 9"]
    assert straight == ["Straße 9", "Straße 9", "straße 9"]


def test_gates_and_their_reasons_are_shown(report, page) -> None:
    cells = page.texts["td"]
    assert cells.count("✗ rejected") == 1
    assert all(variant.gate.reason in cells for variant in report.variants if variant.gate.reason)


def test_what_did_not_run_is_marked_and_what_is_known_of_it_shown(source, page) -> None:
    assert '<tbody class="unproven">' in source
    assert page.texts["td"].count("○ unproven") == 1
    assert any("unproven" in text for text in page.texts["p"])
    assert any("engine-fp16 did not run here" in text for text in page.texts["p"])
    assert "199 of 200 images" in "".join(page.texts["td"])
    assert "engine-fp16" in page.texts["svg"][1]
    assert all("engine-fp16" not in page.texts["svg"][plot] for plot in (0, 2))


def test_times_on_a_gpu_are_told_as_such() -> None:
    timed = {"accuracy": accuracy(0.1), "latency": (latency(0.2, "tensorrt", device_ms=0.1),)}
    page = Page(render_html(make_report(variant("baseline", "baseline"), variant("engine", **timed))))
    assert "Network alone, on the GPU" in page.texts["dt"]
    assert "TensorRT, on the GPU" in page.texts["figcaption"][0]
    assert any("on the GPU" in plot for plot in page.texts["svg"])
    assert "0.200\u00a0mson the GPU" in page.texts["td"]


def test_what_was_not_measured_is_a_dash(bare) -> None:
    source = render_html(bare)
    page = Page(source)
    assert page.texts["td"].count("—") == 3
    assert "Straße-读" in page.texts["th"][-1]
    assert len(page.texts["svg"]) == 1  # sizes alone
    assert "None" not in source
    assert page.stray == []


def test_a_class_is_wrong_as_a_whole(classifier) -> None:
    page = Page(render_html(classifier))
    assert page.texts["mark"] == ["one"]
    assert "Top-1" in page.texts["th"][2]


@pytest.mark.parametrize("absent", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_with_its_extra(report, monkeypatch, absent) -> None:
    monkeypatch.setattr(page_module, "find_spec", lambda name: None if name == absent else object())
    with pytest.raises(InputError, match=absent) as error:
        render_html(report)
    assert error.value.fix == "pip install 'crnn-deploy[report]'"
