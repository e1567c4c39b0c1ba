"""What training needs beside the core."""

from __future__ import annotations

import importlib.util

from crnn_deploy.errors import InputError


def require_train_extra() -> None:
    """Raise `InputError` where the packages for training are missing."""
    if importlib.util.find_spec("lightning_fabric") is None or importlib.util.find_spec("lmdb") is None:
        raise InputError("Training needs Lightning Fabric and LMDB.", fix="pip install 'crnn-deploy[train]'")
