"""`benchmarks/bench_reader.py` times the parts and the whole of the same lines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bench_reader import PARTS, measure

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.zoo import READER


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_the_whole_is_compared_with_its_parts(tmp_path: Path) -> None:
    lines = render_lines(RenderOptions(count=6, seed=1), tmp_path / "lines.tar", False)
    assert measure(READER, str(lines), 5)["lines"] == 5
    row = measure(READER, str(lines), 1)  # of several, it is the median over the lines of the ratio of each
    assert row["ratio"] == pytest.approx(row["whole_us"] / sum(row["parts_us"].values()))
    assert set(row["parts_us"]) == set(PARTS)
    assert row["cpu_seconds"] > 0
    assert row["peak_bytes"] > 1e6
