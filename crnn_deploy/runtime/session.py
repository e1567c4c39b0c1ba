"""One way to run any artifact: a `Session` maps a batch of images to logits."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.spec import ModelSpec


class Session(Protocol):
    """A loaded model."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def runtime(self) -> str:
        """`torch`, `onnxruntime`, `tensorrt` or `tensorrt-rtx`."""
        ...

    def run(self, images: NetworkInput) -> NDArray[np.float32]:
        """Images `[N, C, H, W]`, with vectors if the model takes them → CTC logits `[N, T, K]` or classes `[N, K]`."""
        ...


@runtime_checkable
class DeviceTimed(Protocol):
    """A `Session` on a GPU that measures its last run there."""

    @property
    def device_ms(self) -> float:
        """Milliseconds between two CUDA events around the network, without copies to and from the GPU."""
        ...
