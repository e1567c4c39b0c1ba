"""The benchmark of a run happens in another process, with the options of the recipe."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.pipeline.isolated_benchmark import isolated_benchmark
from crnn_deploy.progress import Silent

T = TypeVar("T")


class Counted(Silent):
    """Keeps description, total and finished steps of each loop."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int]] = []

    def track(self, items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
        count = 0
        for item in items:
            yield item
            count += 1
        self.steps.append((description, total, count))


def test_options_reach_the_other_process(recipe_data: dict[str, dict[str, str]]) -> None:
    model = Path(recipe_data["baseline"]["checkpoint"])
    config = BenchmarkConfig(artifacts=(model,), data=None, threads=(1, 2), batches=(1, 3), rounds=2, warmup=1)
    progress = Counted()
    found = isolated_benchmark(config, progress)
    (variant,) = found.variants
    assert variant.path == model
    assert [(row.threads, row.batch, row.rounds) for row in variant.latency] == [
        (1, 1, 2), (1, 3, 2), (2, 1, 2), (2, 3, 2)
    ]  # fmt: skip
    assert progress.steps == [("Benchmarking", 4, 4)]


def test_nothing_in_the_current_folder_is_imported(
    recipe_data: dict[str, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('the wrong numpy')")
    for name in ("crnn_deploy", "typer", "json", "importlib", "onnxruntime"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('the wrong {name}')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path, str(tmp_path)])
    config = BenchmarkConfig(artifacts=(Path(recipe_data["baseline"]["checkpoint"]),), rounds=1, warmup=0)
    assert len(isolated_benchmark(config).variants) == 1


def test_output_of_libraries_is_not_taken_for_messages() -> None:
    code = "import os\nfrom crnn_deploy.pipeline import benchmark_process as p\n"
    code += "p.benchmark = lambda *_: os.write(1, b'noise') and 1 / 0\np.main()"
    command = [sys.executable, "-c", code, '{"artifacts": ["a.onnx"]}']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert done.stdout == ""
    assert "noise" in done.stderr
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_it_ends_with_the_process_that_started_it(recipe_data: dict[str, dict[str, str]], tmp_path: Path) -> None:
    code = f"""
import subprocess
from pathlib import Path
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy import child_process
from crnn_deploy.pipeline import isolated_benchmark as isolated
class Told(subprocess.Popen):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        Path({str(tmp_path / "pid")!r}).write_text(str(self.pid))
child_process.subprocess.Popen = Told
model = Path({recipe_data["baseline"]["checkpoint"]!r})
isolated.isolated_benchmark(BenchmarkConfig(artifacts=(model,), rounds=10**9, seconds=600))
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    wait_for((tmp_path / "pid").exists)
    wait_for(lambda: (tmp_path / "pid").read_text() != "")
    time.sleep(1)
    child = int((tmp_path / "pid").read_text())
    assert running(child)
    parent.kill()
    parent.wait()
    wait_for(lambda: not running(child))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def running(pid: int) -> bool:
    """Whether the process runs; one that has ended may wait as a zombie for its new parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_failure_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CrnnDeployError, match="benchmark failed"):
        isolated_benchmark(BenchmarkConfig(artifacts=(tmp_path / "none.onnx",), data=None))
    assert "does not exist" in capfd.readouterr().err
