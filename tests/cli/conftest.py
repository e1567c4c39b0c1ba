from __future__ import annotations

import pytest
import stopwatches
import tiny_crnn

from crnn_deploy.quantization import quantize as quantizer


@pytest.fixture(autouse=True)
def tiny_family(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_crnn.register(monkeypatch)


@pytest.fixture(autouse=True)
def _int8_is_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.EachFasterThanTheLast)
