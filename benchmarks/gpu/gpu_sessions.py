"""Whole models on a GPU without TensorRT: on ONNX Runtime's CUDA provider, and in PyTorch in FP16."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import torch
from cuda_graphs import captured
from numpy.typing import NDArray
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.runtime.torch import TorchSession

CUDA_PROVIDER = "CUDAExecutionProvider"


class OnnxRuntimeCuda:
    """A `Session` on ONNX Runtime's CUDA provider. Operators that the provider lacks run on the CPU.

    Raises:
        InputError: if this ONNX Runtime does not have the provider, or if the provider does not start.
    """

    runtime = "onnxruntime-cuda"

    def __init__(self, artifact: Artifact) -> None:
        self.spec = artifact.spec
        if CUDA_PROVIDER not in ort.get_available_providers():
            raise InputError(f"This ONNX Runtime has no {CUDA_PROVIDER}.", fix="pip install onnxruntime-gpu")
        self._session = ort.InferenceSession(str(artifact.path), providers=[CUDA_PROVIDER, "CPUExecutionProvider"])
        if CUDA_PROVIDER not in self._session.get_providers():  # ONNX Runtime only logs a warning
            raise InputError(f"ONNX Runtime's {CUDA_PROVIDER} does not start.", "A library of CUDA's may be missing.")
        self._input = self._session.get_inputs()[0].name

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        (logits,) = self._session.run(None, {self._input: images})
        return batch_first(logits, self.spec)


class InHalf(nn.Module):
    """A network in FP16 with inputs and outputs in FP32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network.half()

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self._network(images.half())
        return logits.float()


class InGraphs(nn.Module):
    """A network on a GPU that records a CUDA graph for each shape of its input."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network
        self._recorded: dict[torch.Size, tuple[Tensor, Tensor, torch.cuda.CUDAGraph]] = {}

    def forward(self, images: Tensor) -> Tensor:
        if images.shape not in self._recorded:
            self._recorded[images.shape] = self._record(images)
        graph_input, graph_output, graph = self._recorded[images.shape]
        graph_input.copy_(images)
        graph.replay()
        return graph_output

    def _record(self, images: Tensor) -> tuple[Tensor, Tensor, torch.cuda.CUDAGraph]:
        graph_input, outputs = images.clone(), []
        graph = captured(lambda: outputs.append(self._network(graph_input)))
        return graph_input, outputs[-1], graph


def torch_cuda(artifact: Artifact, in_graphs: bool) -> TorchSession:
    """PyTorch on the GPU in FP16.

    Raises:
        InputError: if the artifact has no PyTorch weights, or if PyTorch cannot use a GPU.
    """
    if not torch.cuda.is_available():
        raise InputError("PyTorch has no GPU here.", f"torch {torch.__version__}.")
    network: nn.Module = InHalf(load_model(artifact)).to("cuda")
    return TorchSession(InGraphs(network) if in_graphs else network, artifact.spec)
