from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from other_runtimes import FP32, TARGETS, overview, refusals, run

from crnn_deploy.artifact import open_artifact
from crnn_deploy.zoo import READER

ROOT = Path(__file__).parents[2]
MEASURE = ROOT / "benchmarks" / "lib" / "other_runtimes" / "measure.py"
RESULTS = ROOT / "benchmarks" / "results" / "other-runtimes.json"


def test_the_table_in_the_docs_is_what_was_measured():
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]
    assert {row["file"] for row in rows} == {FP32, *TARGETS}
    assert overview(rows) in (ROOT / "docs" / "runtimes.md").read_text(encoding="utf-8")
    results = RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert overview(rows) in results
    assert refusals(rows) in results


def test_a_runtime_that_refuses_a_file_runs_the_others(tmp_path):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no model")
    reader = open_artifact(READER)
    files = {"damaged": type(reader)(damaged, reader.spec), "reader": reader}
    tensors = [np.zeros((1, 1, 32, width), np.float32) for width in (64, 96)]
    found = run([sys.executable, str(MEASURE), "onnxruntime"], files, tensors, 0.01, tmp_path / "work")
    assert "refusal" in found["damaged"]
    assert found["reader"]["ms"] > 0
    assert [shape[:2] for shape in found["reader"]["shapes"]] == [[1, 16], [1, 24]]


def test_a_runtime_that_crashes_is_a_refusal(tmp_path):
    reader = open_artifact(READER)
    tensors = [np.zeros((1, 1, 32, 64), np.float32)]
    found = run([sys.executable, "-c", "raise SystemExit('lost')"], {"reader": reader}, tensors, 0.01, tmp_path / "w")
    assert found["reader"] == {"refusal": "ends with 1: lost"}
