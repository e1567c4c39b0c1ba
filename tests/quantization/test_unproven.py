"""A quantization of a parent that reads nothing is not ticked, and a rise of the error is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from crnn_deploy.quantization.quantize import RejectedError
from crnn_deploy.report.quantization.figures import verdict

from .making import fp32, int8


def always_blank(tensors: dict[str, Tensor]) -> None:
    tensors["head.bias"][0] += 1000


def deaf(tensors: dict[str, Tensor]) -> None:
    tensors["head.weight"].zero_()


@pytest.mark.parametrize(
    ("change", "reason"),
    [(always_blank, "reads nothing in any of 12 images"), (deaf, "gives the same outputs for every image")],
)
def test_a_parent_that_reads_nothing_is_told_first(tmp_path: Path, calib: Path, change: Any, reason: str) -> None:
    made = int8(fp32(tmp_path, change), calib)
    assert made.record.reservation == f"Not proved: the parent {reason}"
    assert verdict(made.record).startswith(made.record.reservation)
    assert made.artifact.spec.reservation == made.record.reservation


def test_a_budget_that_such_a_parent_cannot_miss_is_not_kept(tmp_path: Path, calib: Path) -> None:
    with pytest.raises(RejectedError, match="proves nothing") as caught:
        int8(fp32(tmp_path, always_blank), calib, max_error_rise=0.5)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "tiny.int8.onnx").exists()


def test_a_parent_that_reads_is_not_accused(tmp_path: Path, calib: Path) -> None:
    made = int8(fp32(tmp_path), calib, max_error_rise=1.0)
    assert made.record.reservation == made.artifact.spec.reservation == ""
    assert "reservation" not in made.artifact.spec.lineage[-1].notes


def test_without_a_budget_a_rise_beyond_chance_is_told(tmp_path: Path, calib: Path) -> None:
    record = int8(fp32(tmp_path), calib).record
    difference = record.comparison.difference.model_copy(update={"delta": 0.02, "low": 0.01, "high": 0.03})
    comparison = record.comparison.model_copy(update={"difference": difference})
    worse = record.model_copy(update={"comparison": comparison})
    assert worse.reservation.startswith("The error rises by more than chance explains")
    assert worse.model_copy(update={"max_error_rise": 0.05}).reservation == ""
