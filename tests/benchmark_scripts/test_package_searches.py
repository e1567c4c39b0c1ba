"""`benchmarks/package_searches.py` searches the same outputs in all languages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from package_searches import measure

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.native import ort_custom_ops_path
from crnn_deploy.zoo import READER


@pytest.mark.skipif(ort_custom_ops_path() is None, reason="the library is not built here")
@pytest.mark.skipif(not shutil.which("node") or not shutil.which("c++"), reason="no Node.js or no C++ compiler")
def test_all_packages_find_the_same_texts(tmp_path: Path) -> None:
    lines = render_lines(RenderOptions(count=5, seed=1), tmp_path / "lines.tar", False)
    rows = measure(READER, str(lines), 5)
    assert [row["package"] for row in rows] == ["python", "python without the library", "cpp", "node"]
    assert all(row["same"] == row["lines"] == 5 and row["median_us"] > 0 for row in rows)
