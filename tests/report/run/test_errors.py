"""Errors of a variant as data, tables and plots, and the readings that are wrong."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report.makers import errors_of

from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction
from crnn_deploy.report.run import wrong
from crnn_deploy.report.run.error_plots import errors_by_length, errors_by_width, rejection_curve, times_by_width
from crnn_deploy.report.run.error_tables import (
    characters_table,
    length_errors_table,
    rejections_table,
    width_errors_table,
)
from crnn_deploy.report.run.errors import find_errors

READ = {"left": "left", "ABCD": "abcd", "over": "0ver", "wrong": "xxxxx", "": "x"}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    rng = np.random.default_rng(0)
    for number, _ in enumerate(READ):
        Image.fromarray(rng.integers(0, 256, (20, 40 + 20 * number), np.uint8)).save(tmp_path / f"{number}.png")
    rows = "".join(f"{number}.png\t{label or 'empty'}\n" for number, label in enumerate(READ))
    (tmp_path / "labels.tsv").write_text(rows)
    return open_source(tmp_path)


def evaluation(source: Source, kind: str = "text") -> Evaluation:
    return Evaluation(
        artifact="m.onnx",
        runtime="fake",
        dataset=DatasetFacts(name="m", count=len(READ), kind=kind, fingerprint="0"),
        accuracy=Accuracy(cer_ci=0.5, ci95={}, count=len(READ)),
        predictions=tuple(
            Prediction(
                item=source.item_name(number),
                reference=label,
                text=text,
                confidence=number / 10,
                width=40 + 20 * number,
                height=20,
            )
            for number, (label, text) in enumerate(READ.items())
        ),
    )


def test_the_wrong_readings_come_worst_first_with_pictures(source: Source) -> None:
    found = find_errors("student", evaluation(source), source)
    assert (found.images, found.wrong_images) == (5, 3)
    assert [each.reference for each in found.wrong] == ["wrong", "", "over"]
    assert [each.errors for each in found.wrong] == [5, 1, 1]
    assert [each.aspect for each in found.wrong] == [5, 6, 4]
    assert all(each.image.startswith("data:image/jpeg;base64,") for each in found.wrong)
    assert found.characters[0].read == "x"
    assert found.rejections


def test_pictures_end_where_the_room_does_and_rows_where_they_are_too_many(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wrong, "_PICTURE_BYTES", 10)
    found = find_errors("student", evaluation(source), source)
    assert [bool(each.image) for each in found.wrong] == [True, False, False]
    monkeypatch.setattr(wrong, "MOST", 2)
    found = find_errors("student", evaluation(source), source)
    assert (len(found.wrong), found.wrong_images) == (2, 3)


def test_a_class_is_wrong_once_and_has_neither_width_nor_length(source: Source) -> None:
    found = find_errors("student", evaluation(source, "class"), source)
    assert {each.errors for each in found.wrong} == {1}
    assert found.by_width == found.by_length == found.characters == ()


def test_tables_name_what_cannot_be_seen() -> None:
    found = errors_of("student")
    rows = [[cell.text.replace("\u00a0", " ") for cell in row] for row in characters_table(found).rows]
    assert rows == [["0", "o", "9", "22.50 %"], ["␣", "nothing", "5", "2.50 %"], ["nothing", "<", "2", "—"]]
    assert [row[0].text for row in length_errors_table(found).rows] == ["1–2", "3–4", "5–6"]
    assert [row[0].text for row in width_errors_table(found).rows] == ["1.0–2.0", "3.0–4.0", "5.0–6.0"]
    assert [row[0].text for row in rejections_table(found, "CER").rows] == ["0", "0.1000", "0.2500", "0.5000"]


def test_plots_have_titles_and_are_drawn_only_where_there_is_something(report, bare) -> None:
    drawn = [
        errors_by_width(report.errors), errors_by_length(report.errors), rejection_curve(report.errors, "CER"),
        rejection_curve(report.errors, "Top-1 error"), times_by_width(report),
    ]  # fmt: skip
    for svg in drawn:
        assert svg is not None
        assert re.search(r'<svg [^>]*role="img"[^>]*>\s*<title id="[^"]+">[^<]{10,}</title>', svg)
    assert errors_by_width(None) is errors_by_length(None) is rejection_curve(None, "") is times_by_width(bare) is None
