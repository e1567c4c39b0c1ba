"""Runs the plugin's kernels on a CPU (`cuda_emulator.h`), and computes the expected results in float64."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import crnn_deploy.native
from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin import find_nvcc

Array = NDArray[Any]
KERNELS = Path(crnn_deploy.native.__file__).parent / "tensorrt"
SHARED_BYTES = {7: 64 << 10, 8: 99 << 10, 9: 227 << 10}
_GUARD = 4096  # bytes around each array: they read as NaN and must not change


@dataclass(frozen=True)
class Gpu:
    """The properties that decide which variant of the kernel runs, and the seed for the order in which threads run."""

    major: int = 9
    processors: int = 132
    blocks_at_a_time: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Problem:
    """One call: gates `[N, T, D·3H]`, R `[D, 3H, H]`, b `[D, H]`, lengths `[N]`, initial states `[D, N, H]`."""

    gates: Array
    recurrent: Array
    bias: Array
    lengths: Array | None
    initial: Array | None
    reverse: bool

    @property
    def output_shape(self) -> tuple[int, int, int]:
        batch, steps, _ = self.gates.shape
        return batch, steps, len(self.recurrent) * self.recurrent.shape[2]

    def expected(self) -> Array:
        """Output `[N, T, D·H]` in float64."""
        directions, hidden = len(self.recurrent), self.recurrent.shape[2]
        batch, steps, _ = self.gates.shape
        y = np.zeros((batch, steps, directions, hidden))
        lengths = np.full(batch, steps) if self.lengths is None else self.lengths
        for d in range(directions):
            r, b = self.recurrent[d].astype(np.float64), self.bias[d].astype(np.float64)
            h = np.zeros((batch, hidden)) if self.initial is None else self.initial[d].astype(np.float64)
            for step in range(steps):
                live = np.flatnonzero(step < lengths)
                time = lengths[live] - 1 - step if d == 1 or self.reverse else np.full(len(live), step)
                x = self.gates[live, time].astype(np.float64).reshape(len(live), directions, 3, hidden)[:, d]
                product = (h[live] @ r.T).reshape(len(live), 3, hidden)
                z, reset = (0.5 + 0.5 * np.tanh((x[:, i] + product[:, i]) / 2) for i in range(2))
                candidate = np.tanh(x[:, 2] + reset * (product[:, 2] + b))
                h[live] = (1 - z) * candidate + z * h[live]
                y[live, time, d] = h[live]
        return y.reshape(self.output_shape)


def draw(
    batch: int,
    steps: int,
    hidden: int,
    directions: int = 2,
    half: bool = True,
    lengths: bool = False,
    initial: bool = False,
    reverse: bool = False,
    seed: int = 0,
) -> Problem:
    """Random inputs, with gates in the whole range of sigmoid and tanh."""
    random, kind = np.random.default_rng(seed), np.float16 if half else np.float32
    return Problem(
        gates=(2 * random.standard_normal((batch, steps, directions * 3 * hidden))).astype(kind),
        recurrent=(random.standard_normal((directions, 3 * hidden, hidden)) / np.sqrt(hidden)).astype(kind),
        bias=random.standard_normal((directions, hidden)).astype(kind),
        lengths=random.integers(0, steps + 1, batch).astype(np.int32) if lengths else None,
        initial=random.uniform(-1, 1, (directions, batch, hidden)).astype(kind) if initial else None,
        reverse=reverse,
    )


class EmulatedKernels:
    """The compiled kernels."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))

    def status(self, problem: Problem, gpu: Gpu, output: Array) -> int:
        """Run the kernel on arrays between guards, and return CUDA's error code."""
        self._library.crnn_deploy_emulate(
            gpu.major, gpu.processors, SHARED_BYTES[gpu.major], gpu.blocks_at_a_time, gpu.seed
        )
        batch, steps, _ = problem.gates.shape
        arrays = (problem.gates, problem.recurrent, problem.bias, problem.lengths, problem.initial, output)
        buffers = [None if array is None else _Guarded(array) for array in arrays]
        status: int = self._library.crnn_deploy_gru(
            int(problem.gates.dtype == np.float16),
            *(batch, steps, problem.recurrent.shape[2], len(problem.recurrent), int(problem.reverse)),
            *(None if buffer is None else buffer.address for buffer in buffers),
            None,
        )
        for buffer in buffers:
            assert buffer is None or buffer.guards_are_whole(), "a write outside an array"
        assert buffers[-1] is not None
        output[...] = buffers[-1].array
        return status

    def run(self, problem: Problem, gpu: Gpu) -> Array:
        """Output `[N, T, D·H]`, with NaN where the kernel wrote nothing."""
        output = np.full(problem.output_shape, np.nan, problem.gates.dtype)
        assert self.status(problem, gpu, output) == 0
        return output


class _Guarded:
    """A copy of an array, aligned as on a GPU, between bytes of 0xff, which read as NaN."""

    def __init__(self, array: Array) -> None:
        self._memory = np.full(array.nbytes + 2 * _GUARD + 256, 0xFF, np.uint8)
        self._start = _GUARD + -(self._memory.ctypes.data + _GUARD) % 256
        self._end = self._start + array.nbytes
        self.array = self._memory[self._start : self._end].view(array.dtype).reshape(array.shape)
        self.array[...] = array
        self.address = ctypes.c_void_p(self._memory.ctypes.data + self._start)

    def guards_are_whole(self) -> bool:
        return bool((self._memory[: self._start] == 0xFF).all() and (self._memory[self._end :] == 0xFF).all())


def cuda_headers() -> Path:
    """The folder of CUDA's headers. Skips the test if there is none."""
    try:
        nvcc = find_nvcc()
    except InputError as error:
        pytest.skip(error.what)
    folders = (nvcc.path.resolve().parents[1] / "include", Path("/usr/local/cuda/include"))
    path = next((folder for folder in folders if (folder / "cuda_fp16.h").is_file()), None)
    return path or pytest.skip("the CUDA headers are missing")


def compile_kernels(folder: Path, sources: Path = KERNELS) -> EmulatedKernels:
    """Compile the kernels of `sources` for the CPU. Skips the test if the CUDA headers or a compiler are missing."""
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    headers = cuda_headers()
    library = folder / "libemulated_gru.so"
    here = Path(__file__).parent
    subprocess.run(
        [
            *(compiler, "-std=c++17", "-O2", "-fPIC", "-shared", "-Wall", "-Wno-unknown-pragmas"),
            *(f"-I{headers}", f"-I{sources}", f"-I{here}", str(here / "emulated_gru.cc"), "-o", str(library)),
        ],
        check=True,
    )
    return EmulatedKernels(library)
