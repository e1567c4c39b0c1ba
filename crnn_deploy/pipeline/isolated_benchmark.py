"""Benchmarks in a process of their own.

In the process that has just trained, the thread pools and the memory that the training left behind slow everything
down, and small models most: a student's 0.35 ms became 0.55 ms there, and its teacher's 8.5 ms became 9.3 ms.
PyTorch's idle threads are told to sleep rather than to spin, which took the processor from the candidates beside them
(at 2 threads a teacher in ONNX Runtime ran in 8.5 ms instead of 4.6); PyTorch's own rows at several threads pay for it.
"""

from __future__ import annotations

import os
import subprocess
import sys

from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.errors import CrnnDeployError

_INTERRUPTED = 130


def benchmark_apart(config: BenchmarkConfig) -> Benchmark:
    """Run `crnn-deploy benchmark` on `config` in a new process, which draws its own progress.

    Raises:
        CrnnDeployError: if it fails; what it says stands on stderr.
    """
    options = {"data": [config.data] if config.data else [], "threads": config.threads, "batch": config.batches}
    options |= {"rounds": [config.rounds], "seconds": [config.seconds], "warmup": [config.warmup]}
    words = [word for name, values in options.items() for value in values for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "crnn_deploy", "benchmark", *map(str, config.artifacts), *words, "--json"]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == _INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode:
        raise CrnnDeployError("The benchmark failed.", "It ran in a process of its own and said why above.")
    return Benchmark.model_validate_json(done.stdout)
