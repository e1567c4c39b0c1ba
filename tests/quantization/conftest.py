from __future__ import annotations

import pytest
import tiny_crnn


@pytest.fixture(autouse=True)
def _tiny_family(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_crnn.register(monkeypatch)
