"""The interface of adapters for third-party families."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from crnn_deploy.checkpoints.state_dict import StateDict
from crnn_deploy.errors import InputError


@dataclass(frozen=True)
class Recognised:
    """A state dict of a supported family.

    Args:
        fields: those of the `ModelSpec` that follow from the family and the checkpoint.
        tensors: the weights with the names of our network.
        outputs: size of the head: the characters and the blank.
    """

    fields: dict[str, Any]
    tensors: dict[str, Tensor]
    outputs: int


class Adapter(Protocol):
    """A module of this package, one for each third-party family."""

    @property
    def FAMILY(self) -> str:  # noqa: N802 - a constant of the module
        """Key in `crnn_deploy.models.assembly.FAMILIES`."""
        ...

    def matches(self, tensors: Mapping[str, Tensor]) -> bool:
        """Whether the names of the tensors are this family's."""
        ...

    def load(self, state: StateDict) -> Recognised:
        """Read sizes, weights and other information from the checkpoint."""
        ...


def count_layers(tensors: Mapping[str, Tensor], pattern: str) -> int:
    """Number of tensors whose whole name matches `pattern`."""
    return sum(re.fullmatch(pattern, name) is not None for name in tensors)


def size_of(tensors: Mapping[str, Tensor], name: str, axis: int) -> int:
    """Size of a tensor along an axis. Raises `InputError` if it has no such axis."""
    shape = tensors[name].shape
    if axis >= len(shape):
        raise InputError(
            f"The tensor {name} has the shape {list(shape)}, expected at least {axis + 1} axes.",
            "It is a network of another kind with names like those of a known family.",
        )
    return int(shape[axis])
