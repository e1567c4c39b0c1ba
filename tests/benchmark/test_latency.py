from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.artifact import Artifact
from crnn_deploy.benchmark import latency as module
from crnn_deploy.benchmark.inputs import Bucket
from crnn_deploy.benchmark.latency import LatencyBenchmark
from crnn_deploy.benchmark.timing import InterleavedTimer

MEDIAN = Bucket("median", [("line", Image.new("L", (80, 10)))])
NARROW = Bucket("narrow", [("short", Image.new("L", (40, 10)))])


class Bench:
    """Fake sessions on a fake clock: each run of the k-th artifact takes k, 2k, 3k, … milliseconds."""

    def __init__(self) -> None:
        self.now = 0
        self.calls: list[str] = []
        self.opened: list[tuple[str, int]] = []

    def clock(self) -> int:
        return self.now

    def open_session(self, artifact: Artifact, threads: int) -> FakeSession:
        self.opened.append((artifact.path.stem, threads))
        return FakeSession(self, artifact)


class FakeSession:
    runtime = "fake"

    def __init__(self, bench: Bench, artifact: Artifact) -> None:
        self.spec = artifact.spec
        self._bench = bench
        self._name = artifact.path.stem
        self._runs = 0

    def run(self, images: np.ndarray) -> np.ndarray:
        self._bench.calls.append(self._name)
        self._bench.now += self._runs * {"a": 1, "b": 10}[self._name] * 1_000_000
        self._runs += 1  # the first, which prepares the decoding, takes no time
        return np.zeros((len(images), images.shape[3] // 4, 3), np.float32)


@pytest.fixture
def bench(monkeypatch) -> Bench:
    bench = Bench()
    monkeypatch.setattr(module, "open_session", bench.open_session)
    return bench


def artifacts(*specs) -> dict[str, Artifact]:
    return {name: Artifact(Path(f"{name}.onnx"), spec) for name, spec in zip("ab", specs, strict=False)}


def test_candidates_are_interleaved(bench, reader) -> None:
    timer = InterleavedTimer(rounds=3, seconds=60, warmup=1, clock=bench.clock, cpu_clock=bench.clock)
    LatencyBenchmark([1], [1], timer).run(artifacts(reader, reader), [MEDIAN])
    prepare, warmup, rounds = "ab", "ab", "ab" + "ba" + "ab"
    assert "".join(bench.calls) == prepare + warmup + rounds


def test_percentiles_are_those_of_the_rounds(bench, reader) -> None:
    timer = InterleavedTimer(rounds=101, seconds=3600, warmup=0, clock=bench.clock, cpu_clock=bench.clock)
    rows = LatencyBenchmark([1], [1], timer).run(artifacts(reader, reader), [MEDIAN])
    (a,), (b,) = rows["a"], rows["b"]
    # times that grow with each round are not known to 3 %, so that there are six times as many rounds
    assert (a.p50_ms, a.p90_ms, a.p99_ms, a.rounds) == pytest.approx((303.5, 545.5, 599.95, 606))
    assert (b.p50_ms, b.p90_ms, b.p99_ms) == pytest.approx((3035, 5455, 5999.5))
    assert (a.runtime, a.width, a.bucket, a.threads, a.batch) == ("fake", 80, "median", 1, 1)


def test_every_combination_is_timed_and_sessions_open_per_thread_count(bench, reader) -> None:
    timer = InterleavedTimer(1, 60, 0, bench.clock, bench.clock)
    rows = LatencyBenchmark([1, 2], [1, 8], timer).run(artifacts(reader), [MEDIAN, NARROW])["a"]
    assert bench.opened == [("a", 1), ("a", 2)]
    assert [(row.threads, row.width, row.batch) for row in rows] == [
        (threads, width, batch) for threads in (1, 2) for width in (80, 40) for batch in (1, 8)
    ]


def test_a_model_of_fixed_width_is_timed_once(bench, reader) -> None:
    fixed = reader.model_copy(update={"preprocessing": reader.preprocessing.model_copy(update={"width": 64})})
    timer = InterleavedTimer(1, 60, 0, bench.clock, bench.clock)
    rows = LatencyBenchmark([1], [1], timer).run(artifacts(reader, fixed), [MEDIAN, NARROW])
    assert [row.width for row in rows["a"]] == [80, 40]
    assert [(row.width, row.bucket) for row in rows["b"]] == [(64, "median")]


class GpuSession(FakeSession):
    """Each run takes a third of its wall clock on the GPU."""

    device_ms = 0.0

    def run(self, images: np.ndarray) -> np.ndarray:
        before = self._bench.now
        output = super().run(images)
        self.device_ms = (self._bench.now - before) / 3e6
        return output


def test_time_on_the_gpu_is_told_beside_the_wall_clock(bench, reader, monkeypatch) -> None:
    made = {"a": GpuSession, "b": FakeSession}
    monkeypatch.setattr(module, "open_session", lambda artifact, _: made[artifact.path.stem](bench, artifact))
    timer = InterleavedTimer(rounds=101, seconds=3600, warmup=10, clock=bench.clock, cpu_clock=bench.clock)
    rows = LatencyBenchmark([1], [1], timer).run(artifacts(reader, reader), [MEDIAN])
    (gpu,), (cpu,) = rows["a"], rows["b"]
    assert gpu.p50_ms == pytest.approx(10 + 303.5)
    assert gpu.device_ms == pytest.approx(gpu.p50_ms / 3), "the warm-up doesn't count"
    assert cpu.device_ms is None
    assert (gpu.undisturbed.clock, cpu.undisturbed.clock) == ("wall", "cpu")


def test_a_width_that_no_model_runs_again_is_left_out(bench, reader) -> None:
    fixed = reader.model_copy(update={"preprocessing": reader.preprocessing.model_copy(update={"width": 64})})
    timer = InterleavedTimer(10, 60, 0, bench.clock, bench.clock)
    rows = LatencyBenchmark([1], [1], timer).run(artifacts(fixed, fixed), [MEDIAN, NARROW])
    assert [row.bucket for row in (*rows["a"], *rows["b"])] == ["median", "median"]


@pytest.mark.parametrize(("threads", "clock"), [(1, "cpu"), (2, "wall")])
def test_only_what_runs_in_one_thread_is_judged_by_its_cpu_time(bench, reader, threads, clock) -> None:
    timer = InterleavedTimer(10, 60, 1, bench.clock, bench.clock)
    (row,) = LatencyBenchmark([threads], [1], timer).run(artifacts(reader), [MEDIAN])["a"]
    assert row.undisturbed.clock == clock
