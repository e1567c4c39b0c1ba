"""The worst errors of a report are explained; what can't be explained does not stop it."""

from __future__ import annotations

import tiny_crnn
from report.html_page import Page
from report.makers import make_report, variant

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.report.run.examples import thumbnail
from crnn_deploy.report.run.explained import explain_worst
from crnn_deploy.report.run.page import render_html
from crnn_deploy.report.run.report import ExampleLine, Report
from crnn_deploy.report.run.write import render_json

READINGS = {"000.png": "abcd", "001.png": "zzzz", "002.png": "abcx"}


def example_lines(source) -> tuple[ExampleLine, ...]:
    return tuple(
        ExampleLine(
            item=source.item_name(index),
            reference="abcd",
            readings={"student": READINGS[source.item_name(index)]},
            image=thumbnail(source.image(index), "x"),
        )
        for index in range(3)
    )


def test_the_worst_errors_of_a_variant_are_explained_worst_first(tmp_path, monkeypatch) -> None:
    tiny_crnn.register(monkeypatch)
    source = open_source(tiny_crnn.image_folder(tmp_path / "lines", 3), needs_labels=False)
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    student = variant("student", path=str(artifact.path), format="safetensors")
    found = explain_worst(example_lines(source), source, student, most=1)
    assert [(example.item, example.explained) for example in found if example.explanation] == [("001.png", "student")]
    both = explain_worst(example_lines(source), source, student)
    assert [example.item for example in both if example.explanation] == ["001.png", "002.png"]


def test_a_variant_that_cannot_be_opened_leaves_the_examples_as_they_are(tmp_path) -> None:
    source = open_source(tiny_crnn.image_folder(tmp_path / "lines", 3), needs_labels=False)
    gone = variant("student", path=str(tmp_path / "gone.onnx"))
    assert explain_worst(example_lines(source), source, gone) == example_lines(source)


def test_the_page_shows_explanations_of_lines_and_of_classes(tmp_path, monkeypatch) -> None:
    tiny_crnn.register(monkeypatch)
    source = open_source(tiny_crnn.image_folder(tmp_path / "lines", 3), needs_labels=False)
    for task in ("ctc", "classify"):
        spec = tiny_crnn.tiny_spec(task, width=32 if task == "classify" else None)
        artifact = tiny_crnn.tiny_artifact(tmp_path, spec)
        student = variant("student", path=str(artifact.path), format="safetensors")
        examples = explain_worst(example_lines(source), source, student)
        report = make_report(variant("student", "baseline"), examples=examples)
        page = Page(render_html(report))
        assert not page.stray
        kind = "line" if task == "ctc" else "picture"
        assert [a["class"] for _, a in page.elements if a.get("class") in ("line", "picture")].count(kind) >= 2
        assert Report.model_validate_json(render_json(report)).examples == examples
