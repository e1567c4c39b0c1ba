"""Packages that training needs beside the core ones."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from crnn_deploy.errors import InputError
from crnn_deploy.training.logs import LogKind


def require_train_extra(logs: Sequence[LogKind]) -> None:
    """Raise `InputError` if the packages for training, or for one of its logs, are missing."""
    if any(find_spec(package) is None for package in ("cv2", "lightning_fabric", "lmdb")):
        raise InputError("Training needs Lightning Fabric, LMDB and OpenCV.", fix="pip install 'crnn-deploy[train]'")
    if "tensorboard" in logs and find_spec("tensorboard") is None and find_spec("tensorboardX") is None:
        raise InputError("TensorBoard is not installed.", fix="pip install 'crnn-deploy[tensorboard]'")
