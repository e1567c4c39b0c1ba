"""Memory, copies, events and graphs on an NVIDIA GPU: the only file that uses pycuda and cuda-python.

Both are imported at the first use of a GPU, never before: most machines have neither.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from crnn_deploy.errors import InputError
from crnn_deploy.runtime.device import Bytes, CudaMemory, Graph, out_of_memory
from crnn_deploy.runtime.tensorrt.driver_graphs import DriverGraphs
from crnn_deploy.runtime.tensorrt.manifest import Gpu
from crnn_deploy.units import size as size_text

_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


def find_gpu() -> Gpu | None:
    """The GPU that engines run on here: the first that CUDA shows; None without GPU or driver.

    Raises:
        InputError: if there is a driver, but no package to use it with.
    """
    return _package().first_gpu() if _has_driver() else None


def open_cuda() -> CudaMemory:
    """The GPU that `find_gpu` returns.

    Raises:
        InputError: if there is none, or no package to use it with.
    """
    if find_gpu() is None:
        raise InputError("This machine has no NVIDIA GPU, or no driver for it.", fix="Use a machine that has one.")
    return _package()()


class PyCudaMemory:
    """A `CudaMemory` by pycuda, in the context that all libraries of the process share."""

    def __init__(self) -> None:
        importlib.import_module("pycuda.autoprimaryctx")  # makes the context current until the process ends
        self._cuda = importlib.import_module("pycuda.driver")
        self._stream = self._cuda.Stream(1)  # does not wait for the default stream
        self.stream = int(self._stream.handle)
        self._graphs = DriverGraphs(ctypes.CDLL(_DRIVER), self.stream)
        self._start, self._stop = self._cuda.Event(), self._cuda.Event()
        self._allocations: dict[int, Any] = {}

    @staticmethod
    def first_gpu() -> Gpu | None:
        """The GPU, without making a context on it."""
        cuda = importlib.import_module("pycuda.driver")
        try:
            cuda.init()
        except cuda.Error:
            return None
        if not cuda.Device.count():
            return None
        device = cuda.Device(0)
        major, minor = device.compute_capability()
        return Gpu(str(device.name()), f"sm{major}{minor}")

    def allocate(self, size: int) -> int:
        try:
            allocation = self._cuda.mem_alloc(size)
        except self._cuda.MemoryError as error:
            raise out_of_memory(size_text(size), error) from None
        self._allocations[int(allocation)] = allocation  # freed with its last reference
        return int(allocation)

    def free(self, address: int) -> None:
        self._allocations.pop(address).free()

    def pin(self, size: int) -> Bytes:
        try:
            host: Bytes = self._cuda.pagelocked_empty(size, np.uint8)
        except self._cuda.MemoryError as error:
            raise out_of_memory(size_text(size), error) from None
        return host

    def unpin(self, host: Bytes) -> None:
        allocation: Any = host.base
        allocation.free()

    def upload(self, address: int, host: Bytes) -> None:
        self._cuda.memcpy_htod_async(address, host, self._stream)

    def download(self, host: Bytes, address: int) -> None:
        self._cuda.memcpy_dtoh_async(host, address, self._stream)

    def start_clock(self) -> None:
        self._start.record(self._stream)

    def stop_clock(self) -> None:
        self._stop.record(self._stream)

    def elapsed_ms(self) -> float:
        return float(self._start.time_till(self._stop))

    def synchronize(self) -> None:
        self._stream.synchronize()

    def capture(self, send: Callable[[], bool]) -> Graph | None:
        return self._graphs.capture(send)

    def launch(self, graph: Graph) -> None:
        self._graphs.launch(graph)

    def discard(self, graph: Graph) -> None:
        self._graphs.discard(graph)

    def close(self) -> None:
        del self._graphs, self._stream, self._start, self._stop


class CudaPythonMemory:
    """A `CudaMemory` by the runtime bindings of cuda-python, 12.6 and later."""

    def __init__(self) -> None:
        self._cuda = importlib.import_module("cuda.bindings.runtime")
        self._call("cudaSetDevice", 0)
        self._stream = self._call("cudaStreamCreateWithFlags", self._cuda.cudaStreamNonBlocking)
        self.stream = int(self._stream)
        self._start, self._stop = self._call("cudaEventCreate"), self._call("cudaEventCreate")

    @staticmethod
    def first_gpu() -> Gpu | None:
        """The GPU, without making a context on it."""
        cuda = importlib.import_module("cuda.bindings.runtime")
        error, count = cuda.cudaGetDeviceCount()
        if error == cuda.cudaError_t.cudaErrorInsufficientDriver:
            raise InputError(
                "The NVIDIA driver of this machine is too old for the installed cuda-bindings.",
                fix="Update the driver, or install bindings of its CUDA version: pip install 'cuda-bindings<13'",
            )
        if error != cuda.cudaError_t.cudaSuccess or not count:
            return None
        error, properties = cuda.cudaGetDeviceProperties(0)
        return Gpu(properties.name.decode(), f"sm{properties.major}{properties.minor}")

    def allocate(self, size: int) -> int:
        return int(self._reserved("cudaMalloc", size))

    def free(self, address: int) -> None:
        self._call("cudaFree", address)

    def pin(self, size: int) -> Bytes:
        address = int(self._reserved("cudaMallocHost", size))
        host: Bytes = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))
        return host

    def unpin(self, host: Bytes) -> None:
        self._call("cudaFreeHost", host.ctypes.data)

    def upload(self, address: int, host: Bytes) -> None:
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._call("cudaMemcpyAsync", address, host.ctypes.data, host.nbytes, kind, self._stream)

    def download(self, host: Bytes, address: int) -> None:
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._call("cudaMemcpyAsync", host.ctypes.data, address, host.nbytes, kind, self._stream)

    def start_clock(self) -> None:
        self._call("cudaEventRecord", self._start, self._stream)

    def stop_clock(self) -> None:
        self._call("cudaEventRecord", self._stop, self._stream)

    def elapsed_ms(self) -> float:
        return float(self._call("cudaEventElapsedTime", self._start, self._stop))

    def synchronize(self) -> None:
        self._call("cudaStreamSynchronize", self._stream)

    def capture(self, send: Callable[[], bool]) -> Graph | None:
        mode = self._cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._call("cudaStreamBeginCapture", self._stream, mode)
        sent = send()
        error, graph = self._cuda.cudaStreamEndCapture(self._stream)  # always: otherwise the stream stays unusable
        if error != self._cuda.cudaError_t.cudaSuccess:
            self._cuda.cudaGetLastError()  # clears the error, so that later calls don't report it
            return None
        executable = self._call("cudaGraphInstantiate", graph, 0) if sent else None
        self._call("cudaGraphDestroy", graph)
        return executable

    def launch(self, graph: Graph) -> None:
        self._call("cudaGraphLaunch", graph, self._stream)

    def discard(self, graph: Graph) -> None:
        self._call("cudaGraphExecDestroy", graph)

    def close(self) -> None:
        for event in (self._start, self._stop):
            self._call("cudaEventDestroy", event)
        self._call("cudaStreamDestroy", self._stream)

    def _reserved(self, name: str, size: int) -> Any:
        error, address = getattr(self._cuda, name)(size)
        if error == self._cuda.cudaError_t.cudaErrorMemoryAllocation:
            self._cuda.cudaGetLastError()
            raise out_of_memory(size_text(size), error.name)
        return self._value(name, error, address)

    def _call(self, name: str, *arguments: Any) -> Any:
        """The result of a CUDA function besides its status, or None."""
        return self._value(name, *getattr(self._cuda, name)(*arguments))

    def _value(self, name: str, error: Any, value: Any = None) -> Any:
        if error != self._cuda.cudaError_t.cudaSuccess:
            raise RuntimeError(f"{name}: {error.name}, {self._cuda.cudaGetErrorString(error)[1].decode()}")
        return value


def _package() -> type[PyCudaMemory] | type[CudaPythonMemory]:
    reasons = []
    for module, memory in (("pycuda.driver", PyCudaMemory), ("cuda.bindings.runtime", CudaPythonMemory)):
        try:
            importlib.import_module(module)
        except Exception as error:  # a package for another CUDA version fails in its own ways
            reasons.append(f"{module}: {error}")
        else:
            return memory
    raise InputError(
        "Neither pycuda nor cuda-python works here, and an engine needs one of them.",
        "\n".join(reasons),
        "pip install cuda-bindings",
    )


def _has_driver() -> bool:
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return False
    return True
