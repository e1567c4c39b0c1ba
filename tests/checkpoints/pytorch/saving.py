"""Checkpoints that tests save."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

WEIGHTS = {"rnn.weight_hh_l0": torch.arange(48.0).reshape(12, 4), "head.bias": torch.ones(3)}


def saved(path: Path, content: Any, **options: Any) -> Path:
    torch.save(content, path, **options)
    return path
