from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.report import html_page as page
from crnn_deploy.report.run import write
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.write import Written, read_report, render_json, write_report


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports") / "run"


@pytest.fixture(scope="module")
def written(report: Report, run: Path) -> Written:
    return write_report(report, run)


def test_a_report_survives_the_disk(report: Report, run: Path, written: Written) -> None:
    assert written.files == tuple(run / name for name in ("report.json", "report.md", "report.html", "wrong.html"))
    assert written.html_error is None
    assert read_report(run) == read_report(run / "report.json") == report


def test_equal_reports_give_equal_bytes(run: Path, written: Written, tmp_path: Path) -> None:
    write_report(read_report(run), tmp_path)
    for file in written.files:
        assert file.read_bytes() == (tmp_path / file.name).read_bytes()


def test_the_json_has_the_promised_keys(report: Report) -> None:
    data = json.loads(render_json(report))
    assert data["schema"] == 2
    assert {"schema", "environment", "dataset", "variants"} <= set(data)
    first = data["variants"][0]
    promised = "name stage path format precision size_bytes parameters macs accuracy latency reading gate"
    assert set(first) == set(promised.split())
    assert {"cer", "cer_ci", "word_accuracy", "ci95"} <= set(first["accuracy"])
    assert {"runtime", "threads", "batch", "width", "p50_ms", "p90_ms", "p99_ms"} <= set(first["latency"][0])
    assert set(first["gate"]) == {"status", "reason", "too_noisy"}


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_without_the_extra_the_page_is_missing_and_the_caller_is_told(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    (tmp_path / "report.html").write_text("an older run")
    monkeypatch.setitem(sys.modules, package, None)
    written = write_report(report, tmp_path)
    assert {file.name for file in written.files} == {"report.json", "report.md"} == {f.name for f in tmp_path.iterdir()}
    assert package in str(written.html_error)
    assert "crnn-deploy[report]" in str(written.html_error)


def test_a_folder_that_cannot_be_written_is_refused_without_the_extra_too(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "find_spec", lambda _: None)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_report(report, tmp_path / "file")


def test_a_report_of_version_0_1_is_still_read(report: Report, tmp_path: Path) -> None:
    old = json.loads(render_json(report))
    old["schema"] = 1
    old["engines"] = {"engine-fp16": {"flavor": "tensorrt"}}  # otherwise structured
    old["comparisons"][0]["difference"]["figure"] = "error"  # 1 - top-1 was called so
    (tmp_path / "report.json").write_text(json.dumps(old), encoding="utf-8")
    read = read_report(tmp_path)
    assert read.schema_version == 2
    assert read.variants == report.variants
    assert read.comparisons[0].difference.figure == "top1_error"
    assert read.notes == (*report.notes, write._NO_ENGINES)
    assert read_report(Path(__file__).parents[3] / "benchmarks" / "results" / "receipts.json").shipped.name


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "[]",
        '{"schema": 1}',
        '{"schema": 1, "comparisons": 3}',
        '{"schema": 1, "comparisons": [3]}',
        '{"schema": 99}',
        b"\xff\xfe",
    ],
    ids=lambda content: repr(content),
)
def test_what_is_not_a_report_is_refused(tmp_path: Path, content: str | bytes | None) -> None:
    path = tmp_path / "report.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"report\.json"):
        read_report(tmp_path)


def test_a_missing_key_is_named(report: Report, tmp_path: Path) -> None:
    data = json.loads(render_json(report))
    del data["variants"][0]["size_bytes"]
    (tmp_path / "report.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError, match=r"variants\.0\.size_bytes' is missing"):
        read_report(tmp_path)


def test_an_unknown_variant_is_named(report: Report, tmp_path: Path) -> None:
    renamed = render_json(report).replace('"tiny-int8"', '"ghost"', 1)  # the variant's own name
    (tmp_path / "report.json").write_text(renamed, encoding="utf-8")
    with pytest.raises(InputError, match=r"\['tiny-int8'\] are not among the variants"):
        read_report(tmp_path)
