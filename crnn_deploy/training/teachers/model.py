"""A teacher that can be run, with the features that its head reads if they are needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact, read_onnx
from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.models.assembly import load_model
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession, open_network
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.runtime.session import Session
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.training.teachers.tapping import HeadTap, add_head_input

Answered = tuple[NDArray[np.float32], NDArray[np.float32] | None]


class TeacherModel:
    """Any artifact, run by the runtime for its format.

    Args:
        features: whether to return the input of its head too, which `.safetensors` and `.onnx` can.

    Raises:
        InputError: if it can't be loaded, or its features can't be read.
    """

    def __init__(self, artifact: Artifact, features: bool) -> None:
        self._run: _Plain | _Tapped | _TappedOnnx
        if not features:
            self._run = _Plain(open_session(artifact))
        elif artifact.format == "onnx":
            self._run = _TappedOnnx(artifact)
        else:
            self._run = _Tapped(artifact)

    def run(self, images: NetworkInput) -> Answered:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`, and features `[N, T, D]`, `[N, D]` or None."""
        return self._run(images)


class _Plain:
    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, images: NetworkInput) -> Answered:
        return self._session.run(images), None


class _Tapped:
    def __init__(self, artifact: Artifact) -> None:
        model = load_model(artifact)
        self._tap = HeadTap(model, artifact.spec.num_outputs, artifact.spec.name)
        self._session = TorchSession(model, artifact.spec)

    def __call__(self, images: NetworkInput) -> Answered:
        logits = self._session.run(images)
        return logits, batch_first(self._tap.take().cpu().numpy(), self._session.spec)


class _TappedOnnx:
    def __init__(self, artifact: Artifact) -> None:
        logits = OnnxRuntimeSession(artifact).output  # refuses what does not run
        model = read_onnx(artifact.path)
        self._spec = artifact.spec
        self._outputs = [logits, add_head_input(model, logits, artifact.spec.name)]
        self._network = open_network(model, title=str(artifact.path))

    def __call__(self, images: NetworkInput) -> Answered:
        parts = [self._network.run(part, self._outputs) for part in self._network.in_parts(images)]
        logits, features = (
            self._network.in_order([batch_first(values, self._spec) for values in each], images)
            for each in zip(*parts, strict=True)
        )
        return logits, features
