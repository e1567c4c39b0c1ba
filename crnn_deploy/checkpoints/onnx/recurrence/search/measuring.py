"""The numbers that tensors of a graph hold for a few images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.checkpoints.onnx.recurrence.steps.values import MAX_STATE
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.pruning import with_outputs
from crnn_deploy.runtime.onnxruntime import open_network

Measured = Callable[[Sequence[str]], Mapping[str, NDArray[np.float32]]]
"""The numbers of tensors by their names; all are left out where one cannot be had."""


def measured_on(model: onnx.ModelProto, images: NDArray[np.float32]) -> Measured:
    """What tensors of the model's graph hold for the images `[N, C, H, W]`."""

    def measured(names: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        names = list(dict.fromkeys(names))
        if not names:
            return {}
        try:
            cut = with_outputs(model, [onnx.ValueInfoProto(name=name) for name in names])
            values = open_network(cut, threads=1).try_out(images, names)
        except InputError:
            return {}
        return {name: value for name, value in zip(names, values, strict=True) if value.dtype == np.float32}

    return measured


def widths(measured: Mapping[str, NDArray[np.float32]], axes: int) -> dict[str, int]:
    """The size of the last axis of those tensors that have so many axes, without huge ones."""
    sizes = {name: numbers.shape for name, numbers in measured.items()}
    return {name: size[-1] for name, size in sizes.items() if len(size) == axes and size[-1] <= MAX_STATE}
