"""Stand-ins of pycuda and cuda-python over host memory, with the names and arguments of the real ones."""
# ruff: noqa: N802, N815

from __future__ import annotations

import ctypes
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

# Functions of cuda.bindings.runtime → their parameters.
FUNCTIONS = {
    "cudaGetDeviceCount": (),
    "cudaGetDeviceProperties": ("device",),
    "cudaSetDevice": ("device",),
    "cudaMalloc": ("size",),
    "cudaFree": ("devPtr",),
    "cudaMallocHost": ("size",),
    "cudaFreeHost": ("ptr",),
    "cudaMemcpyAsync": ("dst", "src", "count", "kind", "stream"),
    "cudaStreamCreateWithFlags": ("flags",),
    "cudaStreamSynchronize": ("stream",),
    "cudaStreamDestroy": ("stream",),
    "cudaEventCreate": (),
    "cudaEventRecord": ("event", "stream"),
    "cudaEventElapsedTime": ("start", "end"),
    "cudaEventDestroy": ("event",),
    "cudaStreamBeginCapture": ("stream", "mode"),
    "cudaStreamEndCapture": ("stream",),
    "cudaGraphInstantiate": ("graph", "flags"),
    "cudaGraphLaunch": ("graphExec", "stream"),
    "cudaGraphExecDestroy": ("graphExec",),
    "cudaGraphDestroy": ("graph",),
    "cudaGetLastError": (),
    "cudaGetErrorString": ("error",),
}
STREAM, GRAPH, EXECUTABLE = 5, 11, 13
SUCCESS = SimpleNamespace(name="cudaSuccess")
FULL = SimpleNamespace(name="cudaErrorMemoryAllocation")
BROKEN = SimpleNamespace(name="cudaErrorIllegalAddress")
OLD_DRIVER = SimpleNamespace(name="cudaErrorInsufficientDriver")
NO_DEVICE = SimpleNamespace(name="cudaErrorNoDevice")


class CudaPython(ModuleType):
    """A stand-in of cuda.bindings.runtime over host memory; every function takes exactly what the real one takes."""

    def __init__(self, devices: int = 1) -> None:
        super().__init__("cuda.bindings.runtime")
        self.cudaError_t = SimpleNamespace(
            cudaSuccess=SUCCESS, cudaErrorMemoryAllocation=FULL, cudaErrorInsufficientDriver=OLD_DRIVER
        )
        self.cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice="up", cudaMemcpyDeviceToHost="down")
        self.cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal="thread")
        self.cudaStreamNonBlocking = 1
        self.devices = devices
        self.calls: list[str] = []
        self.held: dict[int, Any] = {}
        self.answers: dict[str, tuple[Any, ...]] = {}
        for name, parameters in FUNCTIONS.items():
            setattr(self, name, self._function(name, len(parameters)))

    def _function(self, name: str, arity: int) -> Any:
        def function(*arguments: Any) -> tuple[Any, ...]:
            assert len(arguments) == arity, name
            self.calls.append(name)
            if name in self.answers:
                return self.answers[name]
            return getattr(self, f"_{name}", lambda *_: (SUCCESS,))(*arguments)

        return function

    def _cudaGetDeviceCount(self) -> tuple[Any, ...]:
        return (SUCCESS, self.devices) if self.devices else (NO_DEVICE, None)

    def _cudaGetDeviceProperties(self, _: int) -> tuple[Any, ...]:
        return SUCCESS, SimpleNamespace(name=b"NVIDIA L4", major=8, minor=9)

    def _cudaMalloc(self, size: int) -> tuple[Any, ...]:
        if size > 1 << 20:
            return FULL, None
        block = ctypes.create_string_buffer(size)
        self.held[ctypes.addressof(block)] = block
        return SUCCESS, ctypes.addressof(block)

    _cudaMallocHost = _cudaMalloc

    def _cudaFree(self, address: int) -> tuple[Any, ...]:
        del self.held[address]
        return (SUCCESS,)

    _cudaFreeHost = _cudaFree

    def _cudaMemcpyAsync(self, to: int, source: int, size: int, kind: str, stream: int) -> tuple[Any, ...]:
        assert kind in ("up", "down")
        assert stream == 5
        ctypes.memmove(to, source, size)
        return (SUCCESS,)

    def _cudaStreamCreateWithFlags(self, flags: int) -> tuple[Any, ...]:
        assert flags == self.cudaStreamNonBlocking
        return SUCCESS, 5

    def _cudaEventCreate(self) -> tuple[Any, ...]:
        return SUCCESS, object()

    def _cudaEventElapsedTime(self, start: object, end: object) -> tuple[Any, ...]:
        assert start is not end
        return SUCCESS, 1.5

    def _cudaStreamEndCapture(self, _: int) -> tuple[Any, ...]:
        return SUCCESS, "graph"

    def _cudaGraphInstantiate(self, graph: str, flags: int) -> tuple[Any, ...]:
        assert (graph, flags) == ("graph", 0)
        return SUCCESS, "executable"

    def _cudaGetErrorString(self, error: Any) -> tuple[Any, ...]:
        return SUCCESS, error.name.encode()


class FakeDriver:
    """A stand-in of libcuda that notes each call by name and checks the handles in it."""

    def __init__(self, **failing: int) -> None:
        self.calls: list[str] = []
        self.failing = failing

    def __getattr__(self, name: str) -> Any:
        def function(*arguments: Any) -> int:
            self.calls.append(name)
            return self.failing.get(name, 0) or self._answer(name, arguments)

        return function

    def _answer(self, name: str, arguments: tuple[Any, ...]) -> int:
        handles = [argument.value for argument in arguments if isinstance(argument, ctypes.c_void_p)]
        if name == "cuStreamEndCapture":
            arguments[1]._obj.value = GRAPH
        if name == "cuGraphInstantiateWithFlags":
            assert handles == [GRAPH]
            arguments[0]._obj.value = EXECUTABLE
        expected = {"cuGraphDestroy": [GRAPH], "cuGraphLaunch": [EXECUTABLE, STREAM]}
        expected |= {"cuGraphExecDestroy": [EXECUTABLE], "cuStreamBeginCapture_v2": [STREAM]}
        assert handles == expected.get(name, handles)
        return 0


class PyCudaError(Exception):
    pass


class PyCudaMemoryError(PyCudaError, MemoryError):
    pass


def py_cuda(devices: int = 1) -> ModuleType:
    """A stand-in of pycuda.driver over host memory."""
    driver = ModuleType("pycuda.driver")
    driver.freed = []

    class Allocation:
        def __init__(self, size: int) -> None:
            if size > 1 << 20:
                raise PyCudaMemoryError("cuMemAlloc failed: out of memory")
            self._block = ctypes.create_string_buffer(size)

        def __int__(self) -> int:
            return ctypes.addressof(self._block)

        def free(self) -> None:
            driver.freed.append(int(self))

    class Pinned(Allocation):
        """What the array that pycuda gives has as its base."""

        @property
        def __array_interface__(self) -> dict[str, Any]:
            return {"version": 3, "shape": (len(self._block),), "typestr": "|u1", "data": (int(self), False)}

    class Device:
        def __init__(self, index: int) -> None:
            assert index == 0

        @staticmethod
        def count() -> int:
            return devices

        def name(self) -> str:
            return "NVIDIA L4"

        def compute_capability(self) -> tuple[int, int]:
            return 8, 9

    class Stream:
        handle = 5

        def __init__(self, flags: int) -> None:
            assert flags == 1

        def synchronize(self) -> None:
            driver.synchronized = True

    class Event:
        def record(self, stream: Stream) -> Event:
            assert isinstance(stream, Stream)
            return self

        def time_till(self, other: Event) -> float:
            assert other is not self
            return 1.5

    def init() -> None:
        if not devices:
            raise PyCudaError("cuInit failed: no CUDA-capable device is detected")

    def upload(address: int, host: np.ndarray, stream: Stream) -> None:
        assert isinstance(stream, Stream)
        ctypes.memmove(address, host.ctypes.data, host.nbytes)

    def download(host: np.ndarray, address: int, stream: Stream) -> None:
        assert isinstance(stream, Stream)
        ctypes.memmove(host.ctypes.data, address, host.nbytes)

    driver.Error, driver.MemoryError, driver.init = PyCudaError, PyCudaMemoryError, init
    driver.Device, driver.Stream, driver.Event = Device, Stream, Event
    driver.mem_alloc, driver.memcpy_htod_async, driver.memcpy_dtoh_async = Allocation, upload, download
    driver.pagelocked_empty = lambda size, dtype: np.asarray(Pinned(size), dtype)
    return driver
