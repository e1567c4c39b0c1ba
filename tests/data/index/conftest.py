"""An empty cache, which keeps the indexes of small files, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.data.sources import encoded


@pytest.fixture
def kept_from_three_images(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(encoded, "KEPT_FROM", 3)
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))
