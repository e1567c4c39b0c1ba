"""What a file of kraken holds of one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class StoredModel:
    """One model.

    Attributes:
        name: that it has in its file; empty where the file holds only one.
        vgsl: the network.
        codec: text → codes, or None; not checked.
        tasks: what the model is for; empty if the file does not say.
        segmentation: how lines were found in training, `bbox` or `baselines`; not checked.
        tensors: `BLOCK.PART` → weights, such as `L_5.layer.weight_ih_l0`.
    """

    name: str
    vgsl: str
    codec: Any
    tasks: tuple[str, ...]
    segmentation: Any
    tensors: Mapping[str, Tensor]


def tasks_of(value: object) -> tuple[str, ...]:
    """The tasks from metadata, which hold a text, a list of texts, or null."""
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(task for task in value if isinstance(task, str)) if isinstance(value, list) else ()
