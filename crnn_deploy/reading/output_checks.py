"""What a network gives is checked before it becomes text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.errors import GateError, InputError
from crnn_deploy.spec import ModelSpec


def check_outputs(logits: NDArray[np.float32], spec: ModelSpec, name_of: Callable[[int], str]) -> None:
    """Check `[N, T, K]` or `[N, K]`, with the name of the image at each position of the batch.

    Raises:
        InputError: if the outputs don't fit the spec.
        GateError: naming the first image whose numbers are not finite.
    """
    if logits.shape[-1] != spec.num_outputs:
        raise InputError(
            f"{spec.name} gives {logits.shape[-1]} outputs, but its spec names {spec.num_outputs}.",
            "The charset (with the blank) or the class names don't fit the head of the model.",
            "Import the model again with the right spec.",
        )
    finite = np.isfinite(logits)
    if not finite.all():
        item = name_of(int(finite.all(axis=tuple(range(1, logits.ndim))).argmin()))
        raise GateError(
            f"{spec.name} gives NaN or infinite outputs for {item}.",
            "The weights are damaged, or a conversion to lower precision overflowed.",
            "Evaluate the parent model on the same data to find the stage that broke it.",
        )
