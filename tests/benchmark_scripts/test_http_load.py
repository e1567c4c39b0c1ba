"""`benchmarks/http`: what clients saw, on a server that is really started."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import hostile
import load
import pytest

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.zoo import READER

for module in ("fastapi", "prometheus_client", "python_multipart", "uvicorn"):
    pytest.importorskip(module)
if sys.platform != "linux":
    pytest.skip("memory is read from /proc", allow_module_level=True)


def test_no_answer_is_wrong_or_lost(tmp_path: Path) -> None:
    lines = render_lines(RenderOptions(count=12, seed=2), tmp_path / "lines.tar", False)
    row = load.measure(argparse.Namespace(model=READER, data=str(lines), count=12, clients=3, seconds=2.4, ends=1))
    for phase in (row["load"], row["overload"], *row["ends"]):
        assert phase["wrong"] == 0
        assert phase["statuses"].get(load.LOST, 0) == 0
        assert phase["statuses"][200] > 0
    assert (row["up_after_overload"], row["other_than_reader"]) == (True, 0)
    assert [end["exit_code"] for end in row["ends"]] == [0]


def test_hostile_bodies_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hostile.LIMITS, "READER_SECONDS", "1")
    row = hostile.measure(READER, 40)
    assert row["right_after"]
    assert row["exit_code"] == 0
    assert sum(sum(found.values()) for found in row["answers"].values()) == 40 + 2
    assert set(row["answers"]["nothing"]) == {"400"}
    assert set(row["answers"]["a header that claims many pixels"]) == {"413"}
    assert set(row["answers"][hostile.SLOW]) == {"503"}
