"""Both packages are used by the names and arguments that they have, and machines without a GPU are told so."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from fake_cuda import BROKEN, FUNCTIONS, OLD_DRIVER, CudaPython, FakeDriver, py_cuda

from crnn_deploy.errors import InputError
from crnn_deploy.runtime.tensorrt import cuda_memory
from crnn_deploy.runtime.tensorrt.cuda_memory import CudaPythonMemory, PyCudaMemory, find_gpu, open_cuda
from crnn_deploy.runtime.tensorrt.manifest import Gpu

GPU = Gpu("NVIDIA L4", "sm89")


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put stand-ins in the place of the packages; None stands for one that isn't there."""

    def make(driver: bool = True, pycuda: ModuleType | None = None, cuda_python: ModuleType | None = None) -> None:
        monkeypatch.setattr(cuda_memory, "_has_driver", lambda: driver)
        monkeypatch.setattr(cuda_memory.ctypes, "CDLL", lambda _: FakeDriver())
        for name, module in (("pycuda.driver", pycuda), ("cuda.bindings.runtime", cuda_python)):
            for parent in (name.split(".")[0], name.rpartition(".")[0]):
                monkeypatch.setitem(sys.modules, parent, ModuleType(parent) if module else None)
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setitem(sys.modules, "pycuda.autoprimaryctx", pycuda and ModuleType("pycuda.autoprimaryctx"))

    return make


def test_without_a_driver_there_is_no_gpu_and_no_package_is_needed(install) -> None:
    install(driver=False)
    assert find_gpu() is None
    with pytest.raises(InputError, match="no NVIDIA GPU, or no driver"):
        open_cuda()


@pytest.mark.parametrize("packages", [{"pycuda": py_cuda(0)}, {"cuda_python": CudaPython(0)}])
def test_a_driver_without_a_gpu_counts_as_none(install, packages) -> None:
    install(**packages)
    assert find_gpu() is None


def test_a_gpu_that_no_package_reaches_says_what_to_install(install) -> None:
    install()
    with pytest.raises(InputError, match="Neither pycuda nor cuda-python") as caught:
        find_gpu()
    assert "pip install cuda-bindings" in caught.value.fix
    assert "pycuda.driver" in caught.value.cause


def test_a_driver_that_is_too_old_is_told_apart_from_none(install) -> None:
    runtime = CudaPython()
    runtime.answers["cudaGetDeviceCount"] = (OLD_DRIVER, None)
    install(cuda_python=runtime)
    with pytest.raises(InputError, match="driver of this machine is too old"):
        find_gpu()


def test_pycuda_is_preferred(install) -> None:
    install(pycuda=py_cuda(), cuda_python=CudaPython())
    assert isinstance(open_cuda(), PyCudaMemory)
    install(cuda_python=CudaPython())
    assert isinstance(open_cuda(), CudaPythonMemory)


@pytest.mark.parametrize("packages", [{"pycuda": py_cuda()}, {"cuda_python": CudaPython()}], ids=["pycuda", "python"])
def test_bytes_go_to_the_gpu_and_back(install, packages) -> None:
    install(**packages)
    assert find_gpu() == GPU
    memory = open_cuda()
    assert memory.stream == 5
    address, host = memory.allocate(64), memory.pin(64)
    host[:] = np.arange(64)
    memory.start_clock()
    memory.upload(address, host[:32])
    memory.stop_clock()
    host[:] = 0
    memory.download(host[:40], address)
    memory.synchronize()
    assert host.tolist() == [*range(32), *32 * [0]]
    assert memory.elapsed_ms() == 1.5
    with pytest.raises(InputError, match=r"no memory left for 2\.10.MB"):
        memory.allocate(1 << 21)
    memory.free(address)
    memory.unpin(host)
    memory.close()


def test_pycuda_frees_what_it_took(install) -> None:
    driver = py_cuda()
    install(pycuda=driver)
    memory = open_cuda()
    address, host = memory.allocate(8), memory.pin(8)
    memory.free(address)
    memory.unpin(host)
    assert driver.freed == [address, host.ctypes.data]


def test_pycuda_records_graphs_by_the_driver(install) -> None:
    install(pycuda=py_cuda())
    memory = open_cuda()
    graph = memory.capture(lambda: True)
    assert graph
    memory.launch(graph)
    memory.discard(graph)
    memory.close()


def test_cuda_python_frees_what_it_took(install) -> None:
    runtime = CudaPython()
    install(cuda_python=runtime)
    memory = open_cuda()
    address, host = memory.allocate(8), memory.pin(8)
    assert len(runtime.held) == 2
    memory.free(address)
    memory.unpin(host)
    memory.close()
    assert not runtime.held
    assert runtime.calls[-3:] == ["cudaEventDestroy", "cudaEventDestroy", "cudaStreamDestroy"]


def test_a_graph_is_recorded_launched_and_discarded(install) -> None:
    runtime = CudaPython()
    install(cuda_python=runtime)
    memory = open_cuda()
    runtime.calls.clear()
    graph = memory.capture(lambda: runtime.calls.append("run") is None)
    assert graph == "executable"
    memory.launch(graph)
    memory.discard(graph)
    recorded = ["cudaStreamBeginCapture", "run", "cudaStreamEndCapture", "cudaGraphInstantiate", "cudaGraphDestroy"]
    assert runtime.calls == [*recorded, "cudaGraphLaunch", "cudaGraphExecDestroy"]


def test_work_that_cannot_be_recorded_leaves_the_stream_usable(install) -> None:
    runtime = CudaPython()
    install(cuda_python=runtime)
    memory = open_cuda()
    assert memory.capture(lambda: False) is None
    assert runtime.calls[-2:] == ["cudaStreamEndCapture", "cudaGraphDestroy"]
    runtime.answers["cudaStreamEndCapture"] = (BROKEN, None)
    assert memory.capture(lambda: True) is None
    assert runtime.calls[-1] == "cudaGetLastError"


def test_other_failures_name_the_function(install) -> None:
    runtime = CudaPython()
    install(cuda_python=runtime)
    memory = open_cuda()
    runtime.answers["cudaStreamSynchronize"] = (BROKEN,)
    with pytest.raises(RuntimeError, match="cudaStreamSynchronize: cudaErrorIllegalAddress"):
        memory.synchronize()


def test_the_real_cuda_python_has_these_functions() -> None:
    runtime = pytest.importorskip("cuda.bindings.runtime", reason="cuda-bindings is not installed")
    for name, parameters in FUNCTIONS.items():
        assert tuple(inspect.signature(getattr(runtime, name)).parameters) == parameters, name
    assert runtime.cudaMemcpyKind.cudaMemcpyHostToDevice != runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
    assert runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
    assert runtime.cudaStreamNonBlocking == 1
    assert runtime.cudaError_t.cudaErrorInsufficientDriver
    assert {"name", "major", "minor"} <= set(dir(runtime.cudaDeviceProp()))
    answer = runtime.cudaGetErrorString(runtime.cudaError_t.cudaErrorMemoryAllocation)
    assert answer == (runtime.cudaError_t.cudaSuccess, b"out of memory")


def test_this_machine_is_looked_at_without_failing() -> None:
    if importlib.util.find_spec("cuda") is None and importlib.util.find_spec("pycuda") is None:
        pytest.skip("neither pycuda nor cuda-python is installed")
    gpu = find_gpu()
    assert gpu is None or gpu.compute_capability.startswith("sm")
