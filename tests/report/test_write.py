from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.report import Report, read_report, write_report


def test_a_report_survives_the_disk(report: Report, tmp_path: Path) -> None:
    written = write_report(report, tmp_path / "run")
    assert [file.name for file in written.files] == ["report.json", "report.md", "report.html"]
    assert read_report(tmp_path / "run") == read_report(tmp_path / "run" / "report.json") == report


def test_the_json_has_the_promised_keys(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert data["schema"] == 1
    assert {"schema", "environment", "dataset", "variants"} <= set(data)
    first = data["variants"][0]
    promised = "name stage path format precision size_bytes parameters macs accuracy latency gate"
    assert set(first) == set(promised.split())
    assert {"cer", "cer_ci", "word_accuracy", "ci95"} <= set(first["accuracy"])
    assert {"runtime", "threads", "batch", "width", "p50_ms", "p90_ms", "p99_ms"} <= set(first["latency"][0])
    assert set(first["gate"]) == {"status", "reason"}


def test_equal_reports_give_equal_bytes(report: Report, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_report(report, tmp_path / folder)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


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


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", '{"schema": 1}', '{"schema": 99}', b"\xff\xfe"], ids=lambda content: repr(content)
)
def test_what_is_not_a_report_is_refused(tmp_path: Path, content: str | bytes | None) -> None:
    path = tmp_path / "report.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"report\.json"):
        read_report(tmp_path)
