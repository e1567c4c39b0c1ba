"""A teacher that can be run, with the features that its head reads if they are needed."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact, read_onnx
from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model
from crnn_deploy.onnx_graph.execution import CPU
from crnn_deploy.ranks import ALONE, Ranks
from crnn_deploy.runtime.gpu_providers import gpu_providers
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession, open_network
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.runtime.session import Session
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.training.teachers.tapping import HeadTap, add_head_input

Answered = tuple[NDArray[np.float32], NDArray[np.float32] | None]


class TeacherModel:
    """Any artifact, run by the runtime for its format.

    ONNX Runtime uses the GPU of this process where it can, and else the share of this process in the cores.

    Args:
        features: whether to return the input of its head too, which `.safetensors` and `.onnx` can.
        ranks: the processes, each with a model of its own.

    Raises:
        InputError: if it can't be loaded, or its features can't be read.
    """

    def __init__(self, artifact: Artifact, features: bool, ranks: Ranks = ALONE) -> None:
        self._run: _Plain | _Tapped | _TappedOnnx
        self.place = ""
        """Where ONNX Runtime runs it, in words; empty where there is no choice."""
        if artifact.format == "onnx":
            session = _on_gpu_or_cpu(artifact, ranks)
            self.place = _place(session.network.provider, ranks.local_rank)
            self._run = _TappedOnnx(artifact, session, ranks) if features else _Plain(session)
        else:
            self._run = _Tapped(artifact) if features else _Plain(open_session(artifact))

    def run(self, images: NetworkInput) -> Answered:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`, and features `[N, T, D]`, `[N, D]` or None."""
        return self._run(images)


def _on_gpu_or_cpu(artifact: Artifact, ranks: Ranks) -> OnnxRuntimeSession:
    gpu = ranks.local_rank
    if gpu_providers(gpu):
        with suppress(InputError):  # it was started, and fails at the first image
            return OnnxRuntimeSession(artifact, ranks.threads, gpu)
    return OnnxRuntimeSession(artifact, ranks.threads)


def _place(provider: str, gpu: int) -> str:
    wanted = [name for name, _ in gpu_providers(gpu)]
    if not wanted:
        return ""
    if provider in wanted:
        return f"on GPU {gpu} with {provider}"
    return f"on the CPU: {' and '.join(wanted)} could not be started here, or failed"


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
    def __init__(self, artifact: Artifact, session: OnnxRuntimeSession, ranks: Ranks) -> None:
        logits = session.output
        gpu = None if session.network.provider == CPU[0] else ranks.local_rank
        model = read_onnx(artifact.path)
        self._spec = artifact.spec
        self._outputs = [logits, add_head_input(model, logits, artifact.spec.name)]
        self._network = open_network(model, ranks.threads, str(artifact.path), gpu)

    def __call__(self, images: NetworkInput) -> Answered:
        parts = [self._network.run(part, self._outputs) for part in self._network.in_parts(images)]
        logits, features = (
            self._network.in_order([batch_first(values, self._spec) for values in each], images)
            for each in zip(*parts, strict=True)
        )
        return logits, features
