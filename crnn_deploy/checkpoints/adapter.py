"""What every adapter offers, and what it gives back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from crnn_deploy.checkpoints.state_dict import StateDict


@dataclass(frozen=True)
class Recognised:
    """A state dict of a known family.

    Args:
        fields: of the `ModelSpec`, as far as the family and the checkpoint tell them.
        tensors: the weights under the names of our network.
        outputs: size of the head: the characters and the blank.
    """

    fields: dict[str, Any]
    tensors: dict[str, Tensor]
    outputs: int


class Adapter(Protocol):
    """A module of this room, one per third-party family."""

    @property
    def FAMILY(self) -> str:  # noqa: N802 - a module's constant
        """Key in `crnn_deploy.models.FAMILIES`."""
        ...

    def matches(self, tensors: Mapping[str, Tensor]) -> bool:
        """Whether the names of the tensors are this family's."""
        ...

    def load(self, state: StateDict) -> Recognised:
        """Read sizes, weights and whatever else the checkpoint tells."""
        ...


def count_layers(tensors: Mapping[str, Tensor], pattern: str) -> int:
    """How many tensors have a name that `pattern` matches in full."""
    return sum(re.fullmatch(pattern, name) is not None for name in tensors)
