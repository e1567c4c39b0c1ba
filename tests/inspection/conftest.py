from __future__ import annotations

import pytest
import tiny_crnn


@pytest.fixture(params=[None, "avx2"], ids=["body", "kernel"])
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Without our recurrent kernels, then with them."""
    monkeypatch.setattr("crnn_deploy.inspection.onnx_facts.kernel_level", lambda: request.param)
    return request.param


@pytest.fixture(autouse=True)
def tiny_family(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_crnn.register(monkeypatch)
