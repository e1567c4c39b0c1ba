"""Runs the compiled plugin from Python: by its C launcher, and by the calls that TensorRT makes."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from gru_problem import Problem, Shape
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1] / "lib"))  # where plugin_host is

from plugin_host.host import HostedPlugin, PluginHost, gru_fields
from plugin_host.library import BUILD, FLOAT, HALF, INT32, RUNTIME
from plugin_host.library import Tensor as Description

Kernel = Callable[[Problem, Tensor], None]


class Launcher:
    """A `Kernel` that calls the C function `crnn_deploy_gru`, asynchronously on PyTorch's current stream."""

    def __init__(self, library: Path) -> None:
        self._launch = ctypes.CDLL(str(library)).crnn_deploy_gru
        self._launch.argtypes = [ctypes.c_int] * 6 + [ctypes.c_void_p] * 7

    def __call__(self, problem: Problem, output: Tensor) -> None:
        shape = problem.shape
        every = (problem.gates, problem.recurrent, problem.bias, problem.lengths, problem.initial, output)
        status = self._launch(
            *(shape.half, shape.batch, shape.steps, shape.hidden, shape.directions, shape.reverse),
            *(None if tensor is None else tensor.data_ptr() for tensor in every),
            current_stream(output.device),
        )
        check(status, shape)


class Enqueue:
    """A `Kernel` that makes TensorRT's calls: create, check formats, serialize, create again, attach, enqueue."""

    def __init__(self, library: Path) -> None:
        self._host = PluginHost(library)

    def __call__(self, problem: Problem, output: Tensor) -> None:
        tensors = [*problem.tensors, output]
        descriptions = [Description(tuple(tensor.shape), _TYPES[tensor.dtype]) for tensor in tensors]
        plugin = self._deserialized(problem.shape, descriptions).attach()
        check(plugin.change_shapes(descriptions), problem.shape)
        pointers = [tensor.data_ptr() for tensor in tensors]
        check(plugin.enqueue(descriptions, pointers, current_stream(output.device)), problem.shape)

    def _deserialized(self, shape: Shape, descriptions: list[Description]) -> HostedPlugin:
        """A plugin that is created from serialized fields, like that of an engine for these tensors."""
        built = self._host.create(gru_fields(shape.hidden, shape.direction), BUILD)
        refused = built is None or not all(built.supports(i, descriptions) for i in range(len(descriptions)))
        if built is None or refused:
            raise RuntimeError(f"{shape}: the plugin refuses it")
        check(built.configure(descriptions), shape)
        restored = self._host.create(built.serialize(), RUNTIME)
        if restored is None:
            raise RuntimeError(f"{shape}: the plugin refuses what it serialized")
        return restored


def current_stream(device: torch.device) -> int:
    """Handle of PyTorch's current stream; 0 on a device without streams."""
    return torch.cuda.current_stream(device).cuda_stream if device.type == "cuda" else 0


def check(status: int, shape: Shape) -> None:
    if status != 0:
        raise RuntimeError(f"{shape}: the plugin failed with CUDA error {status}")


_TYPES = {torch.float32: FLOAT, torch.float16: HALF, torch.int32: INT32}
