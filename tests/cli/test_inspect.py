"""The terminal shows all that a spec states other than its defaults."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny_crnn
from typer.testing import CliRunner

from crnn_deploy.cli.app import app
from crnn_deploy.preprocessing import Preprocessing


def inspected(folder: Path, preprocessing: dict[str, object], as_json: bool = False, **fields: object) -> str:
    seen = Preprocessing.model_validate({"height": 16, **preprocessing})
    spec = tiny_crnn.tiny_spec().model_copy(update={"preprocessing": seen, **fields})
    artifact = tiny_crnn.tiny_artifact(folder, spec)
    result = CliRunner().invoke(app, ["inspect", str(artifact.path), *["--json"] * as_json], env={"COLUMNS": "100"})
    return result.stdout if as_json else " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("preprocessing", "shown"),
    [
        ({}, "L, height 16, width kept, padded white to a multiple of 4, bilinear, mean [0.5], std [0.5] architecture"),
        (
            {"margin": 16, "invert": True, "centerline": True, "width_rounding": "floor", "padding": "edge"},
            "padded edge to a multiple of 4, bilinear, mean [0.5], std [0.5], width_rounding floor, margin 16, invert, "
            "centerline architecture",
        ),
        (
            {"width": 64, "keep_ratio": True, "letterbox": True, "padding": "black", "grey_last": True},
            "width 64, bilinear, mean [0.5], std [0.5], keep_ratio, letterbox, grey_last, padding black architecture",
        ),
        ({"normalise": "image", "max_width": 512}, "bilinear, max_width 512, normalise image architecture"),
    ],
    ids=["defaults", "any width", "fixed width", "own statistics"],
)
def test_preprocessing_other_than_the_default(tmp_path: Path, preprocessing: dict[str, object], shown: str) -> None:
    assert shown in inspected(tmp_path, preprocessing)
    found = json.loads(inspected(tmp_path, preprocessing, as_json=True))["preprocessing"]
    assert preprocessing.items() <= found.items()


def test_a_normal_form_other_than_the_default(tmp_path: Path) -> None:
    assert "normal form" not in inspected(tmp_path, {})
    assert "normal form NFD" in inspected(tmp_path, {}, normal_form="NFD")


def test_display_order(tmp_path: Path) -> None:
    assert "text order" not in inspected(tmp_path, {})
    assert "text order display" in inspected(tmp_path, {}, text_order="display")
