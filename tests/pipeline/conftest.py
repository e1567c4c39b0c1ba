"""A recipe that runs in seconds: an untrained baseline, a tiny student, four letters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import stopwatches
import torch
import yaml

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.pipeline.gates import Judge, _Check
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.quantization import quantize as quantizer
from crnn_deploy.spec import ModelSpec

ALPHABET = "ABCD"


def rendered(count: int, seed: int) -> dict[str, object]:
    return {"render": {"count": count, "seed": seed, "charset": ALPHABET, "max_length": 4, "max_height": 32}}


@pytest.fixture(autouse=True)
def _int8_is_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.EachFasterThanTheLast)


@pytest.fixture
def fast_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model is fast enough on the CPU: what these tiny ones take differs by less than the noise of a machine."""
    monkeypatch.setattr(Judge, "_speed", lambda *_: _Check(True, "fast enough"))


@pytest.fixture
def recipe_data(tmp_path: Path) -> dict[str, object]:
    """The recipe as plain data; its budget lets everything pass that an untrained baseline allows."""
    torch.manual_seed(0)
    plain = ModelSpec(name="baseline", charset=ALPHABET, preprocessing=Preprocessing(height=32))
    spec = student_spec("baseline", StudentChoice(family="mobilenet-v4-gru", width=0.5, hidden=16), plain)
    write_safetensors(tmp_path / "baseline.safetensors", build(spec).state_dict(), spec)
    return {
        "name": "tiny",
        "title": "A tiny run",
        "baseline": {"checkpoint": str(tmp_path / "baseline.safetensors")},
        "sources": {"train": rendered(40, 1), "evaluation": rendered(16, 2)},
        "distill": {"student": {"width": 0.25, "hidden": 8}, "epochs": 2, "batch_size": 8, "precision": "fp32"},
        "quantize": {"samples": 8},
        "evaluate": {"resamples": 50},
        "benchmark": {"rounds": 10, "warmup": 1, "lines": 0},
        "budget": {"max_error_rise_over_parent": 1.0, "min_speedup": 0.01},
    }


@pytest.fixture
def write_recipe(tmp_path: Path, recipe_data: dict[str, object]) -> Callable[..., Path]:
    """Writes the recipe with some keys changed and gives its path."""

    def write(**changes: object) -> Path:
        path = tmp_path / "tiny.yaml"
        path.write_text(yaml.safe_dump({**recipe_data, **changes}))
        return path

    return write
