"""Run a TensorRT engine: its contexts, buffers and CUDA graphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInput, arrays_of
from crnn_deploy.runtime.device import Bytes, CudaMemory, Graph, out_of_memory
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest

TensorShape = tuple[int, ...]
TensorShapes = tuple[TensorShape, ...]
"""Of all inputs."""

MOST_GRAPHS = 16
"""Number of shapes that keep a graph."""


class EngineRunner:
    """A deserialised engine with its contexts and memory on the GPU; for one thread at a time.

    Each profile has one execution context. TensorRT forbids changes of a context after a CUDA graph was recorded from
    it, so a shape that comes again gets a context of its own and is then run by its graph. All contexts share one
    workspace, since they run one after the other on one stream. TensorRT-RTX records graphs itself.

    Args:
        library: the module `tensorrt` or `tensorrt_rtx`.
        engine: its `ICudaEngine`.
        manifest: of the engine, for the names of its tensors.
        memory: owned by the runner from now on.
    """

    def __init__(self, library: Any, engine: Any, manifest: EngineManifest, memory: CudaMemory) -> None:
        self._memory = memory

        def tensor(name: str) -> _Tensor:
            return _Tensor(name, np.dtype(library.nptype(engine.get_tensor_dtype(name))), _Mirror(memory))

        self._inputs = [tensor(name) for name in (manifest.input_name, *manifest.other_inputs)]
        self._output = tensor(manifest.output_name)
        self._maker = _ContextMaker(library, engine, memory)
        self._contexts: dict[int, Any] = {}
        self._met: Counter[TensorShapes] = Counter()
        self._recorded: dict[TensorShapes, _Execution] = {}
        self._records = not self._maker.records_by_itself
        self.device_ms = 0.0
        """Milliseconds that the last run took on the GPU, without copies."""

    def run(self, images: NetworkInput, profile: int) -> NDArray[np.float32]:
        """Images `[N, C, H, W]`, which the profile must hold, maybe with vectors → the output as it is."""
        arrays = arrays_of(images)
        execution = self._execution(tuple(array.shape for array in arrays), profile)
        memory = self._memory
        for tensor, array in zip(self._inputs, arrays, strict=True):
            sent = tensor.memory.view(array.shape, tensor.kind)
            np.copyto(sent.array, array, casting="same_kind")
            memory.upload(tensor.memory.address, sent.host)
        memory.start_clock()
        execution.send(memory)
        memory.stop_clock()
        received = self._output.memory.view(execution.output_shape, self._output.kind)
        memory.download(received.host, self._output.memory.address)
        memory.synchronize()
        self.device_ms = memory.elapsed_ms()
        return received.array.astype(np.float32)  # a copy: the next run writes here again

    def close(self) -> None:
        """Free everything; contexts before the memory that they use."""
        self._forget_graphs()
        self._contexts.clear()
        self._maker.close()
        for tensor in (*self._inputs, self._output):
            tensor.memory.free()
        self._memory.close()

    def _execution(self, shapes: TensorShapes, profile: int) -> _Execution:
        self._met[shapes] += 1
        if shapes in self._recorded:
            return self._recorded[shapes]
        if profile not in self._contexts:
            self._contexts[profile] = self._maker.make(profile)
        execution = self._prepared(self._contexts[profile], shapes)
        wanted = self._records and self._deserves_graph(shapes)
        return (self._with_graph(shapes, profile) if wanted else None) or execution

    def _deserves_graph(self, shapes: TensorShapes) -> bool:
        """Recording takes as long as many runs: a shape must come again, and more often than the one it replaces."""
        if len(self._recorded) < MOST_GRAPHS:
            return self._met[shapes] > 1
        return self._met[shapes] > 2 * self._met[self._rarest()]

    def _rarest(self) -> TensorShapes:
        return min(self._recorded, key=self._met.__getitem__)

    def _prepared(self, context: Any, shapes: TensorShapes) -> _Execution:
        """The context set to the shapes of its inputs, with buffers large enough for these and its output."""
        for tensor, shape in zip(self._inputs, shapes, strict=True):
            _agreed(context.set_input_shape(tensor.name, shape), f"the shape {shape}")
        output_shape = tuple(context.get_tensor_shape(self._output.name))
        tensors = (*self._inputs, self._output)
        self._reserve(
            [prod(shape) * t.kind.itemsize for t, shape in zip(tensors, (*shapes, output_shape), strict=True)]
        )
        for tensor in tensors:
            _agreed(context.set_tensor_address(tensor.name, tensor.memory.address), f"the address of {tensor.name}")
        return _Execution(context, output_shape)

    def _reserve(self, sizes: Sequence[int]) -> None:
        """Make room for the inputs and the output."""
        buffers = [(tensor.memory, size) for tensor, size in zip((*self._inputs, self._output), sizes, strict=True)]
        if all(memory.holds(size) for memory, size in buffers):
            return
        self._forget_graphs()  # graphs hold the addresses that they were recorded with
        for memory, size in buffers:
            memory.reserve(size)

    def _with_graph(self, shapes: TensorShapes, profile: int) -> _Execution | None:
        """An execution by a graph, on a context of its own; None where the engine can't be recorded, as with loops."""
        execution = self._prepared(self._maker.make(profile), shapes)
        execution.send(self._memory)  # a context's first run does work that a graph cannot hold
        self._memory.synchronize()
        execution.graph = self._memory.capture(lambda: bool(execution.context.execute_async_v3(self._memory.stream)))
        if execution.graph is None:
            self._records = False
            return None
        if len(self._recorded) == MOST_GRAPHS:
            self._memory.discard(self._recorded.pop(self._rarest()).graph)
        self._recorded[shapes] = execution
        return execution

    def _forget_graphs(self) -> None:
        for execution in self._recorded.values():
            self._memory.discard(execution.graph)
        self._recorded.clear()


@dataclass(frozen=True)
class _Tensor:
    """An input or the output of an engine."""

    name: str
    kind: np.dtype[Any]
    memory: _Mirror


@dataclass
class _Execution:
    """A context with its input shape and addresses set, and its graph where it has one."""

    context: Any
    output_shape: TensorShape
    graph: Graph | None = None

    def send(self, memory: CudaMemory) -> None:
        """Enqueue the network on the stream."""
        if self.graph is not None:
            memory.launch(self.graph)
        else:
            _agreed(self.context.execute_async_v3(memory.stream), "to run")


class _ContextMaker:
    """Makes execution contexts; those of TensorRT share one workspace."""

    def __init__(self, library: Any, engine: Any, memory: CudaMemory) -> None:
        self._engine = engine
        self._memory = memory
        strategy = getattr(library, "CudaGraphStrategy", None)  # of TensorRT-RTX only
        self.records_by_itself = strategy is not None
        if strategy is not None:
            self._choice = engine.create_runtime_config()
            self._choice.cuda_graph_strategy = strategy.WHOLE_GRAPH_CAPTURE
            self._workspace = 0
        else:
            self._choice = library.ExecutionContextAllocationStrategy.USER_MANAGED
            self._size = max(1, engine.device_memory_size_v2)
            self._workspace = memory.allocate(self._size)

    def make(self, profile: int) -> Any:
        """A context for one profile."""
        context = self._engine.create_execution_context(self._choice)
        if context is None:
            raise out_of_memory("an execution context", "TensorRT did not make it")
        _agreed(context.set_optimization_profile_async(profile, self._memory.stream), f"profile {profile}")
        self._memory.synchronize()
        if self._workspace:
            context.set_device_memory(self._workspace, self._size)
        return context

    def close(self) -> None:
        if self._workspace:
            self._memory.free(self._workspace)
        del self._choice, self._engine


@dataclass(frozen=True)
class _View:
    """The first part of a pinned buffer: as bytes, and as the tensor in it."""

    host: Bytes
    array: NDArray[Any]


class _Mirror:
    """Device memory and pinned host memory of one size, which grows by doubling."""

    def __init__(self, memory: CudaMemory) -> None:
        self._memory = memory
        self._host: Bytes | None = None
        self.address = 0

    def holds(self, size: int) -> bool:
        return self._host is not None and size <= len(self._host)

    def reserve(self, size: int) -> None:
        """Make room for `size` bytes, at another address where there is too little."""
        if self.holds(size):
            return
        self.free()
        room = 1 << max(0, size - 1).bit_length()
        self.address = self._memory.allocate(room)
        self._host = self._memory.pin(room)

    def view(self, shape: TensorShape, dtype: np.dtype[Any]) -> _View:
        """The part of the host memory for a tensor; `reserve` must have been called."""
        assert self._host is not None
        host = self._host[: prod(shape) * dtype.itemsize]
        return _View(host, host.view(dtype).reshape(shape))

    def free(self) -> None:
        if self.address:
            self._memory.free(self.address)
            self.address = 0
        if self._host is not None:
            self._memory.unpin(self._host)
            self._host = None


def _agreed(answer: bool, request: str) -> None:
    """Raise `RuntimeError` if TensorRT refused a request: it returns False, and logs why."""
    if not answer:
        raise RuntimeError(f"TensorRT refuses {request}")
