from __future__ import annotations

import json

import pytest
from report.makers import full_report

from crnn_deploy.errors import InputError
from crnn_deploy.report import html, read_report, write_report
from crnn_deploy.report.write import render_json


def test_a_folder_that_cannot_be_written_is_refused_without_the_extra_too(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(html, "find_spec", lambda _: None)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_report(full_report(), tmp_path / "file")


def test_json_without_a_required_key(tmp_path) -> None:
    data = json.loads(render_json(full_report()))
    del data["variants"][0]["size_bytes"]
    (tmp_path / "report.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError, match=r"variants\.0\.size_bytes' is missing"):
        read_report(tmp_path)


@pytest.mark.parametrize("mention", ["comparisons", "realised", "examples"])
def test_json_that_mentions_unknown_variants(tmp_path, mention) -> None:
    data = json.loads(render_json(full_report()).replace('"tiny-int8"', '"ghost"', 1))  # the variant's own name
    data["realised"]["tiny-int8"] = {"Conv": 1}
    data["examples"][0]["readings"]["tiny-int8"] = ""
    for other in {"comparisons", "realised", "examples"} - {mention}:
        data[other] = type(data[other])()
    (tmp_path / "report.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_report(tmp_path)
    assert "['tiny-int8'] are not among the variants" in str(error.value)
