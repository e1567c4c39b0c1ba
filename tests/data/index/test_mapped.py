"""Mapped columns leave the memory, and are there again when they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.data.index.mapped import let_go, mapped


def test_what_was_let_go_is_read_again(tmp_path: Path) -> None:
    values = np.arange(100_000).reshape(-1, 2)
    np.save(tmp_path / "v.npy", values)
    column = mapped(tmp_path / "v.npy")
    for part in (column, column[3:, 1], values):
        let_go(part)
        assert np.array_equal(column, values)


def test_a_system_without_advice_on_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("mmap.MADV_DONTNEED")
    np.save(tmp_path / "v.npy", np.arange(3))
    let_go(mapped(tmp_path / "v.npy"))
