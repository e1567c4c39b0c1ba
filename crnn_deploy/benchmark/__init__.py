"""Speed: latency in interleaved rounds, sizes, and speed-ups within one run."""

from crnn_deploy.benchmark.benchmark import BenchmarkConfig, BenchmarkOptions, benchmark
from crnn_deploy.benchmark.result import Benchmark, Latency, Measured

__all__ = ["Benchmark", "BenchmarkConfig", "BenchmarkOptions", "Latency", "Measured", "benchmark"]
