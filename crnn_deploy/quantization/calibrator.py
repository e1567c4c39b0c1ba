"""What a calibrator is, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.quantization.minmax import MinMax

CalibratorName = Literal["minmax"]


class Calibrator(Protocol):
    """Watches the values of tensors go by and says which range of each INT8 should cover.

    It must hold a bounded summary, never the values themselves, and must not depend on how they were cut into
    batches: lines of any width pass through the same calibrator.
    """

    def observe(self, name: str, values: NDArray[np.floating[Any]]) -> None:
        """Take in more values of tensor `name`, in any shape."""
        ...

    def range(self, name: str) -> tuple[float, float]:
        """Lowest and highest value to represent, in the tensor's own units. KeyError if it was never observed."""
        ...


CALIBRATORS: Mapping[CalibratorName, Callable[[], Calibrator]] = {"minmax": MinMax}
