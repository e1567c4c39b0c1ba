"""The benchmark of a run happens in another process, with the options of the recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.pipeline.isolated_benchmark import benchmark_apart


def test_options_reach_the_other_process(recipe_data: dict[str, dict[str, str]]) -> None:
    teacher = Path(recipe_data["baseline"]["checkpoint"])
    found = benchmark_apart(
        BenchmarkConfig(artifacts=(teacher,), data=None, threads=(1, 2), batches=(1, 3), rounds=2, warmup=1)
    )
    (variant,) = found.variants
    assert variant.path == teacher
    assert [(row.threads, row.batch, row.rounds) for row in variant.latency] == [
        (1, 1, 2), (1, 3, 2), (2, 1, 2), (2, 3, 2)
    ]  # fmt: skip


def test_a_failure_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CrnnDeployError, match="benchmark failed"):
        benchmark_apart(BenchmarkConfig(artifacts=(tmp_path / "none.onnx",), data=None))
    assert "does not exist" in capfd.readouterr().err
