"""`crnn-deploy build-plugin`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crnn_deploy.cli.app import app

pytestmark = pytest.mark.usefixtures("cache")


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["build-plugin", *map(str, arguments)])


def test_the_table_has_a_row_for_each_architecture(fake_nvcc):
    fake_nvcc()
    done = invoke()
    assert done.exit_code == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["sm89", "1", "89", "12", "B", "128", "B"] in rows
    assert ["sm90", "1", "90", "12", "B", "128", "B"] in rows
    assert "compiled in" in done.stdout
    assert "nvcc 12.9.86" in done.stdout
    assert "from the cache" in invoke().stdout


def test_json_is_one_object_with_every_kernel(fake_nvcc, tmp_path):
    fake_nvcc()
    output = tmp_path / "plugin.so"
    done = invoke("--json", "-o", output)
    assert done.exit_code == 0, done.stderr
    record = json.loads(done.stdout)
    assert Path(record["path"]) == output
    assert record["architectures"] == ["sm89", "sm90"]
    assert record["resources"][0] == {
        "kernel": "gru<__half, 4>",
        "architecture": "sm89",
        "registers": 89,
        "spilled_bytes": 12,
        "shared_bytes": 128,
    }
    assert not record["from_cache"]
    assert output.is_file()


def test_targets_can_be_repeated(fake_nvcc):
    fake_nvcc()
    assert json.loads(invoke("--target", "sm90", "--json").stdout)["architectures"] == ["sm90"]
    both = invoke("--target", "sm90", "--target", "sm89", "--json")
    assert json.loads(both.stdout)["architectures"] == ["sm89", "sm90"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--target", "sm60"], "sm89, sm90"), (["-o", "there.so"], "already exists")],
    ids=["unknown target", "output exists"],
)
def test_wrong_input_is_one_block(fake_nvcc, tmp_path, monkeypatch, arguments, message):
    fake_nvcc()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.so").touch()
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("✗")
    assert message in done.stderr
    assert done.stdout == ""


def test_without_nvcc(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.path", [])
    done = invoke()
    assert done.exit_code == 2
    assert "pip install nvidia-cuda-nvcc nvidia-cuda-cccl" in done.stderr
