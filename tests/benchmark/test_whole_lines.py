"""What whole lines cost: who is measured, on which lines, and that figures fit each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.artifact import Artifact
from crnn_deploy.benchmark import first_line
from crnn_deploy.benchmark.benchmark import benchmark
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.benchmark.whole_lines import LineFile, by_width, line_files, reading_costs
from crnn_deploy.clips import Clips
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import CrnnDeployError


def test_a_benchmark_measures_whole_lines_of_onnx_models(one_conv, lines) -> None:
    source = lines([40, 80, 120, 160, 200] * 4)
    model = one_conv("reader.onnx")
    config = BenchmarkConfig(artifacts=(model.path,), data=source.name, rounds=3, warmup=0, lines=16)
    (found,) = benchmark(config).variants
    cost = found.reading
    assert cost is not None
    assert cost.lines == 16
    assert 0 < cost.p50_ms <= cost.p90_ms <= cost.p99_ms
    assert cost.cpu_ms > 0
    assert cost.lines_per_second > 0
    assert cost.first_line_seconds > 0.05
    if Path("/proc/self/status").exists():
        assert cost.peak_bytes is not None
        assert 20e6 < cost.peak_bytes < 300e6  # neither torch nor pydantic is loaded
    assert [width.lines for width in cost.by_width] == [8, 8]
    assert cost.by_width[0].narrowest == 4


def test_it_is_not_measured_where_it_cannot_be_or_is_not_asked_for(one_conv, lines) -> None:
    source, model = lines([40, 80]), one_conv("reader.onnx")
    of_clips = model.spec.preprocessing.model_copy(update={"clips": Clips()})
    others = {
        "torch": Artifact(Path("model.safetensors"), model.spec),
        "clips": Artifact(model.path, model.spec.model_copy(update={"preprocessing": of_clips})),
    }
    assert reading_costs(others, source, 10) == {}
    config = BenchmarkConfig(artifacts=(model.path,), data=source.name, rounds=3, warmup=0, lines=0)
    assert benchmark(config).variants[0].reading is None


def test_lines_are_evenly_spaced_files_and_broken_ones_are_left_out(lines) -> None:
    source = lines([40, 50, 60, 70, 80])
    assert [file.aspect for file in line_files(source, 3)] == [4, 6, 8]
    path = Path(source.name) / source.item_name(2)
    assert line_files(source, 5)[2].content == path.read_bytes()
    path.write_bytes(path.read_bytes()[:30])
    assert [file.aspect for file in line_files(source, 3)] == [4, 8]


def test_images_without_a_file_become_png(tmp_path) -> None:
    np.savez(tmp_path / "some.npz", x=np.zeros((3, 8, 8), np.uint8), y=np.array([0, 1, 1]))
    files = line_files(open_source(tmp_path / "some.npz"), 3)
    assert all(file.content.startswith(b"\x89PNG") for file in files)


def test_lines_of_one_shape_have_no_widths() -> None:
    assert list(by_width([LineFile(b"", 2.0)] * 20, [1.0] * 20)) == []


def test_a_process_that_cannot_read_is_told(one_conv, lines, monkeypatch) -> None:
    source, model = lines([40, 80]), one_conv("reader.onnx")
    monkeypatch.setattr("crnn_deploy.benchmark.whole_lines.first_line.main", _fail)
    with pytest.raises(CrnnDeployError, match="could not read"):
        reading_costs({"reader": model}, source, 2)


def _fail() -> None:
    raise SystemExit(3)


def test_the_first_line_tells_time_and_memory(one_conv, tmp_path, monkeypatch, capsys) -> None:
    Image.new("L", (40, 10)).save(tmp_path / "line.png")
    monkeypatch.setattr("sys.argv", ["", str(one_conv("reader.onnx").path), str(tmp_path / "line.png")])
    first_line.main()
    assert '"cpu_seconds": ' in capsys.readouterr().out
