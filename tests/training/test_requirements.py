"""Training says what it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.training import requirements
from crnn_deploy.training.requirements import require_train_extra


@pytest.mark.parametrize("missing", ["cv2", "lightning_fabric", "lmdb"])
def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    require_train_extra(())
    monkeypatch.setattr(requirements, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(InputError, match="Training needs") as raised:
        require_train_extra(())
    assert "crnn-deploy[train]" in raised.value.fix


def test_a_missing_tensorboard_is_told_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "find_spec", lambda name: None if "tensorboard" in name else object())
    require_train_extra(("csv",))
    with pytest.raises(InputError, match="TensorBoard is not installed") as raised:
        require_train_extra(("csv", "tensorboard"))
    assert "crnn-deploy[tensorboard]" in raised.value.fix


def test_options_and_recipes_are_read_without_them() -> None:
    code = """
import sys
sys.modules.update(cv2=None, lightning_fabric=None, lmdb=None)
import crnn_deploy.pipeline.recipe, crnn_deploy.training.distill, crnn_deploy.training.train
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
