from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.benchmark.measured import Latency, Measured
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.environment import environment
from crnn_deploy.errors import InputError


def row(p50: float, runtime: str = "onnxruntime", threads: int = 1, batch: int = 1, bucket: str = "median") -> Latency:
    return Latency(
        runtime=runtime, threads=threads, batch=batch, width=80, bucket=bucket, p50_ms=p50, p90_ms=p50, p99_ms=p50,
        rounds=9, preprocess_ms=1, decode_ms=1,
    )  # fmt: skip


def variant(name: str, *rows: Latency) -> Measured:
    return Measured(
        name=name, path=Path(name), format="onnx", precision="fp32", size_bytes=1, parameters=1, macs=1, latency=rows
    )


@pytest.fixture(scope="module")
def found() -> Benchmark:
    others = row(99, bucket="wide"), row(98, threads=2), row(97, batch=8)
    return Benchmark(
        environment=environment(),
        variants=(
            variant("teacher", *others, row(20)),
            variant("student", *others, row(1.6)),
            variant("torch", row(40, "torch")),
            variant("untimed", *others),
        ),
    )


def test_a_speedup_compares_one_thread_batch_one_and_median_lines(found) -> None:
    assert found.speedup("student", "teacher") == pytest.approx(12.5)
    assert found.speedup("teacher", "student") == pytest.approx(1 / 12.5)


def test_rows_of_other_settings_can_be_found(found) -> None:
    assert found.latency("student", threads=2).p50_ms == 98
    assert found.latency("student", batch=8).p50_ms == 97


@pytest.mark.parametrize(
    ("fast", "slow", "message"),
    [
        ("student", "torch", "these are not comparable"),
        ("student", "nobody", "No variant 'nobody'"),
        ("untimed", "teacher", "was not timed with 1 threads and batch 1"),
    ],
)
def test_ratios_that_would_mislead_are_refused(found, fast, slow, message) -> None:
    with pytest.raises(InputError, match=message):
        found.speedup(fast, slow)


def test_without_data_the_synthetic_line_is_the_measure() -> None:
    timed = variant("a", row(3, bucket="100x32")), variant("b", row(6, bucket="100x32"))
    assert Benchmark(environment=environment(), variants=timed).speedup("a", "b") == 2
