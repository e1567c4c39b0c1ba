"""Packages that training needs beside the core ones."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from crnn_deploy.errors import InputError
from crnn_deploy.training.logs import LogKind


def require_train_extra(logs: Sequence[LogKind]) -> None:
    """Raise `InputError` if the packages for training, or for one of its logs, are missing."""
    if find_spec("lightning_fabric") is None or find_spec("lmdb") is None:
        raise InputError("Training needs Lightning Fabric and LMDB.", fix="pip install 'crnn-deploy[train]'")
    if "tensorboard" in logs and find_spec("tensorboard") is None and find_spec("tensorboardX") is None:
        raise InputError("TensorBoard is not installed.", fix="pip install 'crnn-deploy[tensorboard]'")
