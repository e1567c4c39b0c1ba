"""PyTorch: the reference for all other runtimes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crnn_deploy.data.network_inputs import NetworkInput, arrays_of
from crnn_deploy.errors import InputError, is_out_of_memory
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.spec import ModelSpec


def run_network(model: nn.Module, images: Tensor, name: str, *others: Tensor) -> Tensor:
    """What a network makes of images `[N, C, H, W]` and of its other inputs; `name` is its own in messages.

    Raises:
        InputError: if it fails.
    """
    try:
        outputs: Tensor = model(images, *others)
    except (Exception, SystemExit) as error:  # any exception is possible: the network may be the user's
        if is_out_of_memory(error):
            raise
        raise InputError(
            f"The network of {name} fails on an image batch {list(images.shape)}.",
            f"{type(error).__name__}: {error}",
            "Check channels, height, min_width and width_multiple in the spec's preprocessing.",
        ) from error
    return outputs


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
    def run(self, images: NetworkInput) -> NDArray[np.float32]:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`.

        Raises:
            InputError: if the network fails, as on images that are too narrow for it.
        """
        if self._threads and torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        first, *others = (torch.from_numpy(array).to(self._device) for array in arrays_of(images))
        outputs = run_network(self._model, first, self.spec.name, *others)
        logits: NDArray[np.float32] = outputs.float().cpu().numpy()  # NumPy has no bfloat16
        return batch_first(logits, self.spec)
