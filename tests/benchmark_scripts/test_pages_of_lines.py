"""`benchmarks/pages_of_lines.py` reads the same pages in three ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.zoo import READER


def test_three_ways_read_the_same_pages(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    from pages_of_lines import measure

    options = RenderOptions(count=60, seed=1, degradation=0.1, max_length=20)
    lines = render_lines(options, tmp_path / "lines.tar", False)
    rows = measure(READER, str(lines), 1)
    assert len(rows) == 3
    assert all(row["cer_ci"] < 0.5 and row["ms"] > 0 for row in rows)
