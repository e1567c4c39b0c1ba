"""A case: one node of one of our custom ops, and what it is fed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

import numpy as np
import onnx
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class NodeCase(ABC):
    """One node.

    Args:
        fed: inputs at run time.
        stored: constants that replace the node's own.
        attributes: attributes that replace the node's own.
        left_out: a required input that is missing.
        threads: of the session.
        wrong: what does not fit, in words; empty if everything does.
        refused: whether our ops must refuse what is wrong; otherwise they may also run.
    """

    fed: dict[str, Array]
    stored: dict[str, Array] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    left_out: str = ""
    threads: int = 1
    wrong: str = ""
    refused: bool = False

    required: ClassVar[tuple[str, ...]]
    """Inputs that may not be absent."""
    all_constant: ClassVar[bool] = True
    """Whether all inputs must be constant that `fed` does not have in a good node."""
    spoilers: ClassVar[tuple[Callable[[Random, Any], NodeCase], ...]]
    """Functions, each of which makes one thing wrong."""

    @abstractmethod
    def constants(self) -> dict[str, Array]:
        """What the model holds, by the name of the input; `stored` replaces some of it."""

    @abstractmethod
    def model(self) -> onnx.ModelProto:
        """A model with this node alone."""

    @abstractmethod
    def finding(self, got: dict[str, Array], ours: bool) -> str:
        """What is wrong with a result of our library (`ours`) or of the definition in the file; empty if nothing is."""

    def runs_on(self, level: str) -> bool:
        """Whether the node can be run there. `none` is the definition in the file."""
        # ONNX Runtime's own recurrent layers end the process where there are no steps or no samples.
        return level != "none" or self.fed["X"].size > 0

    @property
    def values(self) -> dict[str, Array]:
        """All constants, after some are replaced."""
        return {**self.constants(), **self.stored}

    def __str__(self) -> str:
        arrays = {**self.values, **self.fed}
        shapes = ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in arrays.items())
        return f"{self.described()}; {shapes}; {self.attributes or ''} {self.wrong}"

    @abstractmethod
    def described(self) -> str:
        """The op and its sizes."""


def outside(got: Array, lowest: Array, highest: Array) -> str:
    """How many bytes are not in their ranges, in words; empty if all are. A NaN is no limit."""
    off = int(np.count_nonzero((got < lowest) | (got > highest)))
    return f"{off} of {got.size} bytes are wrong" if off else ""
