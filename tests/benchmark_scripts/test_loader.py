"""The benchmark of loading runs with a few lines, and its figures add up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scale" / "loader.py"


def test_steps_add_up_to_a_batch(tmp_path: Path) -> None:
    folder = tmp_path / "lines"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        Image.fromarray(rng.integers(0, 256, (40, 150 + 10 * number), np.uint8)).save(folder / f"{number}.png")
    labels = "".join(f"{number}.png\ttext {number}\n" for number in range(6))
    (folder / "labels.tsv").write_text(labels, encoding="utf-8")
    stem = tmp_path / "loader"
    command = [sys.executable, str(SCRIPT), "--lines", str(folder), "--before", sys.executable, "--rounds", "1"]
    done = subprocess.run([*command, "--images", "60", "-o", str(stem)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    assert figures["lines"]["unique"] == 6
    for (measure,) in figures["rounds"].values():
        steps = [measure[step] for step in ("read", "decode", "resize", "augment", "stack")]
        assert sum(steps) == pytest.approx(measure["batch"])
    page = stem.with_suffix(".md").read_text(encoding="utf-8")
    assert "| step | before | now |" in page
    assert "**images a second**" in page
