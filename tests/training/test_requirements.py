"""Training says what it needs."""

from __future__ import annotations

import importlib.util

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.training.requirements import require_train_extra


@pytest.mark.parametrize("missing", ["lightning_fabric", "lmdb"])
def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    require_train_extra()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(InputError, match="Training needs") as raised:
        require_train_extra()
    assert "crnn-deploy[train]" in raised.value.fix
