"""PyTorch: the reference for all other runtimes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.spec import ModelSpec


class TorchSession:
    """A `Session` over a network in evaluation mode, on the device of its weights.

    Args:
        threads: set for the whole process at each run, as PyTorch has no other way; None: unchanged.
    """

    runtime = "torch"

    def __init__(self, model: nn.Module, spec: ModelSpec, threads: int | None = None) -> None:
        self.spec = spec
        self._model = model
        self._threads = threads
        self._device = next(model.parameters(), torch.empty(0)).device  # a user's module may have no parameters

    @torch.inference_mode()
    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`."""
        if self._threads and torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        logits: NDArray[np.float32] = self._model(torch.from_numpy(images).to(self._device)).cpu().numpy()
        return batch_first(logits, self.spec)
