"""One way to run any artifact: a `Session` maps a batch of images to logits."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact
from crnn_deploy.spec import ModelSpec


class Session(Protocol):
    """A loaded model."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def runtime(self) -> str:
        """`torch` or `onnxruntime`."""
        ...

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Images `[N, C, H, W]` → CTC logits `[N, T, K]` or class logits `[N, K]`."""
        ...


def open_session(artifact: Artifact, threads: int | None = None) -> Session:
    """Load an artifact with the runtime that fits its format; `threads` defaults to the runtime's own choice."""
    if artifact.format == "onnx":
        from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession

        return OnnxRuntimeSession(artifact, threads)
    from crnn_deploy.models import load_model
    from crnn_deploy.runtime.torch import TorchSession

    return TorchSession(load_model(artifact), artifact.spec, threads)


def batch_first(logits: NDArray[np.float32], spec: ModelSpec) -> NDArray[np.float32]:
    """Logits with the batch as first axis, whatever the model's own layout."""
    return logits.swapaxes(0, 1) if spec.task == "ctc" and spec.output_layout == "TNC" else logits


def log_probabilities(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities over the last axis, from logits, log-probabilities or probabilities."""
    if output.min() >= 0 and np.allclose(output.sum(-1), 1, atol=1e-3):
        logarithms: NDArray[np.float32] = np.log(np.maximum(output, np.float32(1e-12)))
        return logarithms
    shifted = output - output.max(-1, keepdims=True)
    normalised: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return normalised
