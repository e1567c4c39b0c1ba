"""Training says what it needs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

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


def test_options_and_recipes_are_read_without_them() -> None:
    code = """
import sys
sys.modules.update(lightning_fabric=None, lmdb=None)
import crnn_deploy.pipeline, crnn_deploy.training
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
