"""`benchmarks/scale/alphabet.py` compares losses that mean the same, and its tables have all that was measured."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch


def test_both_losses_of_a_step_are_the_same() -> None:
    from training_step import _batch, _in_parts, _plain

    batch = _batch(60, 3)
    logits, features = torch.randn(3, 48, 60), torch.zeros(3, 48, 4)
    ours, textbook = (loss(logits, features, batch).item() for loss in (_in_parts, _plain))
    assert ours == pytest.approx(textbook, rel=1e-3)


def test_reading_is_measured_with_both_heads(tmp_path: Path) -> None:
    from alphabet import _reading_table, reading

    row = reading(97, 5, 1, tmp_path)
    assert row["reduced_fp32_bytes"] < row["full_fp32_bytes"]
    assert 0 < row["full_int8_bytes"] < row["full_fp32_bytes"] / 2
    assert all(value > 0 for value in row.values())
    assert "rank 5" in _reading_table([row], 5)
