from __future__ import annotations

from pathlib import Path

import fake_tensorrt
import pytest
from pydantic import ValidationError

from crnn_deploy.benchmark.benchmark import benchmark, unique_names
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.benchmark.timing import InterleavedTimer
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Silent
from crnn_deploy.runtime.tensorrt.manifest import Gpu

QUICK = {"rounds": 3, "warmup": 0, "lines": 0}


class Counting(Silent):
    """Remembers how many of how many steps were tracked."""

    def track(self, items, description, total, done=0):
        self.total, self.seen = total, done
        for item in super().track(items, description, total):
            self.seen += 1
            yield item


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["t/teacher.onnx", "s/student.int8.onnx"], ["teacher", "student.int8"]),
        (["m.safetensors", "m.onnx", "n.onnx"], ["m.safetensors", "m.onnx", "n"]),
        (["a/m.onnx", "b/m.onnx"], ["a/m.onnx", "b/m.onnx"]),
    ],
)
def test_names_are_short_but_unique(paths, names) -> None:
    assert unique_names([Path(path) for path in paths]) == names


def test_an_artifact_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"m\.onnx is given twice"):
        unique_names([Path("m.onnx"), Path("m.onnx")])


@pytest.mark.parametrize("wrong", [{"artifacts": ()}, {"threads": (0,)}, {"batches": ()}, {"seconds": 0}])
def test_settings_that_time_nothing_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        BenchmarkConfig(**{"artifacts": (Path("m.onnx"),), **wrong})


def test_artifacts_are_measured_on_the_widths_of_the_data(one_conv, lines) -> None:
    source = lines([40, 80, 120, 160, 200])
    paths = one_conv("small.onnx").path, one_conv("other.onnx").path
    config = BenchmarkConfig(artifacts=paths, data=source.name, batches=(1, 2), **QUICK)
    progress = Counting()
    found = benchmark(config, progress)

    assert progress.seen == progress.total == 6
    assert [variant.name for variant in found.variants] == ["small", "other"]
    small = found.variants[0]
    assert small.size_bytes == paths[0].stat().st_size
    widths = [(row.bucket, row.width, row.batch) for row in small.latency]
    assert widths == [(b, w, n) for b, w in (("median", 120), ("narrow", 80), ("wide", 200)) for n in (1, 2)]
    for row in small.latency:
        assert row.rounds == 3
        assert 0 < row.p50_ms <= row.p90_ms <= row.p99_ms
        assert row.preprocess_ms > 0
        assert row.decode_ms > 0
    assert Benchmark.model_validate_json(found.model_dump_json()) == found


def test_without_data_a_synthetic_line_is_timed(one_conv) -> None:
    found = benchmark(BenchmarkConfig(artifacts=(one_conv("small.onnx").path,), **QUICK))
    assert [(row.bucket, row.width) for row in found.variants[0].latency] == [("100x32", 32)]


def test_engines_are_measured_beside_other_artifacts(one_conv, tmp_path, monkeypatch) -> None:
    profiles = [fake_tensorrt.profile((32, 400), 8)]
    library = fake_tensorrt.FakeLibrary(fake_tensorrt.FakeCuda(), profiles)
    fake_tensorrt.install(monkeypatch, library, Gpu("NVIDIA L4", "sm89"))
    paths = one_conv("small.onnx").path, fake_tensorrt.engine(tmp_path, profiles).path
    small, line = benchmark(BenchmarkConfig(artifacts=paths, batches=(1, 9), **QUICK)).variants
    assert (line.format, line.precision, line.macs) == ("engine", "int8+fp16", 3000)
    assert [(row.runtime, row.device_ms) for row in line.latency] == [("tensorrt", 0.25), ("tensorrt", 0.5)]
    assert small.latency[0].device_ms is None


def test_without_a_gpu_an_engine_is_refused_before_anything_is_timed(one_conv, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("crnn_deploy.runtime.tensorrt.session.find_gpu", lambda: None)
    monkeypatch.setattr(InterleavedTimer, "time", lambda *_: pytest.fail("timed"))
    artifact = fake_tensorrt.engine(tmp_path, [fake_tensorrt.profile((32, 400), 8)])
    config = BenchmarkConfig(artifacts=(one_conv("small.onnx").path, artifact.path), **QUICK)
    with pytest.raises(InputError, match=r"line\.engine needs an NVIDIA GPU"):
        benchmark(config)
