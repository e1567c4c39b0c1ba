"""`benchmarks/easyocr_lines.py` reads the same lines with EasyOCR's recogniser, and with ours in its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ocr_programs import path_with

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.zoo import READER


def test_easyocr_reads_with_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("easyocr_en_models")
    monkeypatch.setattr(sys, "path", path_with("easyocr"))
    from easyocr_lines import measure

    lines = render_lines(RenderOptions(count=20, seed=1, degradation=0.1, max_length=20), tmp_path / "lines.tar", False)
    own, ours, alone = measure([READER], str(lines), 10)
    assert max(row["cer_ci"] for row in (own, ours, alone)) < 0.5
    assert ours["same"] >= 5
    assert own["cpu_ms"] > ours["cpu_ms"]
