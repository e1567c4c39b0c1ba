"""The script of the lowered graphs' parity runs on a tiny model, and what it writes is complete."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tiny_crnn import image_folder, register, tiny_artifact, tiny_spec

from crnn_deploy.api import export
from crnn_deploy.export.config import ExportConfig

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "engine_parity.py"


def labelled_tar(folder: Path, name: str, seed: int) -> Path:
    images = sorted(image_folder(folder / name, 16, seed).iterdir())
    labels = folder / name / "labels.tsv"
    labels.write_text("".join(f"{image.name}\tabc\n" for image in images), encoding="utf-8")
    with tarfile.open(folder / f"{name}.tar", "w") as archive:
        for file in (labels, *images):
            archive.add(file, file.name)
    return folder / f"{name}.tar"


def test_every_precision_has_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    model = export(ExportConfig(model=tiny_artifact(tmp_path, tiny_spec()).path, output=tmp_path / "tiny.onnx")).path
    calib, data = (labelled_tar(tmp_path, name, seed) for name, seed in (("calib", 1), ("data", 2)))
    output = tmp_path / "parity.json"
    command = [sys.executable, SCRIPT, model, "--calib", calib, "--data", data, "-o", output]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(output.read_text(encoding="utf-8"))["rows"]
    assert [(row["precision"], row["form"]) for row in rows] == [
        ("fp32", "exact"),
        ("fp16", "rounded"),
        ("int8", "rounded"),
        ("int8", "as quantized"),
    ]
    exact, half, *_ = rows
    assert (exact["lines"], exact["same_text"], exact["change"]) == (16, 1, 0)
    assert exact["recurrent"] == ["GRU 24: plugin"]
    assert 0 < exact["max_difference"] < half["max_difference"]
    assert half["peak"] > 0
