from __future__ import annotations

from pathlib import Path

import pytest
import stopwatches
import tiny_crnn

from crnn_deploy.quantization import quantize as quantizer


@pytest.fixture(autouse=True)
def _tiny_family(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_crnn.register(monkeypatch)


@pytest.fixture(autouse=True)
def _int8_is_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.EachFasterThanTheLast)


@pytest.fixture
def calib(tmp_path: Path) -> Path:
    return tiny_crnn.image_folder(tmp_path / "calib", 30)
