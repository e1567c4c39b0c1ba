"""The environment says what is here, and `missing` what isn't."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from crnn_deploy.cli.app import app
from crnn_deploy.environment import Environment, environment, missing


def bare(**changes: object) -> Environment:
    return environment().model_copy(update={"gpus": (), "tensorrt": {}, "instruction_sets": (), **changes})


def test_names_this_machine_and_its_packages() -> None:
    found = environment()
    assert found.processor
    assert found.cores > 0
    assert found.python == platform.python_version()
    assert found.packages["torch"].startswith(torch.__version__.split("+")[0])
    assert "CPUExecutionProvider" in found.providers


def test_round_trips_through_json() -> None:
    found = environment()
    assert Environment.model_validate_json(found.model_dump_json()) == found


def test_missing_things_say_what_they_bring_and_how_to_get_them() -> None:
    absent = {thing.thing: thing for thing in missing(bare())}
    assert {"NVIDIA GPU", "TensorRT", "INT8 instructions"} <= absent.keys()
    assert all(thing.brings and thing.get for thing in absent.values())


def without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crnn_deploy.environment.ort_custom_ops_path", lambda: None)


@pytest.mark.parametrize("level", [None, "avx512vnni"])
def test_recurrent_kernels_are_named_or_missing(level: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    without_library(monkeypatch)
    monkeypatch.setattr("crnn_deploy.environment.kernel_level", lambda: level)
    found = environment()
    absent = [thing for thing in missing(found) if "GRU" in thing.thing]
    assert found.kernels == level
    assert len(absent) == (level is None)
    assert all("FP32" in thing.brings and "C++17" in thing.get for thing in absent)


def test_a_library_without_kernels_for_the_processor_wants_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crnn_deploy.environment.kernel_level", lambda: None)
    monkeypatch.setattr("crnn_deploy.environment.ort_custom_ops_path", lambda: "library")
    (absent,) = (thing for thing in missing(environment()) if "GRU" in thing.thing)
    assert "AVX2" in absent.get


@pytest.mark.parametrize(("level", "shown"), [(None, "none"), ("amx", "amx")])
def test_the_doctor_names_the_kernels(level: str | None, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_library(monkeypatch)
    monkeypatch.setattr("crnn_deploy.environment.kernel_level", lambda: level)
    told = CliRunner().invoke(app, ["doctor"])
    line = next(line for line in told.output.splitlines() if line.startswith("INT8 GRU/LSTM kernels"))
    assert line.split()[-1] == shown
    assert ("C++17 compiler" in " ".join(told.output.split())) == (level is None)


def test_environments_stored_before_there_were_kernels_still_load() -> None:
    stored = environment().model_dump(mode="json")
    del stored["kernels"]
    assert Environment.model_validate(stored).kernels is None


def test_what_is_here_is_not_missing() -> None:
    full = bare(gpus=("a GPU",), tensorrt={"tensorrt": "11.0"}, instruction_sets=("avx512_vnni",), kernels="amx")
    assert not {"NVIDIA GPU", "TensorRT", "INT8 instructions", "INT8 GRU/LSTM kernels"} & {
        thing.thing for thing in missing(full)
    }


def test_the_doctor_tells_the_size_of_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path))
    monkeypatch.setenv("CRNN_DEPLOY_CACHE_LIMIT", "2GB")
    answers = tmp_path / "teachers" / ("a" * 32) / "data.mdb"
    answers.parent.mkdir(parents=True)
    answers.write_bytes(bytes(4096))
    shown = " ".join(CliRunner().invoke(app, ["doctor"]).output.split())
    assert "answers of teachers 4.10 kB in 1 in all 4.10 kB of at most 2.00 GB" in shown
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output)["cache"]
    kinds = [{"name": "teachers", "holds": "answers of teachers", "entries": 1, "bytes": 4096}]
    assert told == {"folder": str(tmp_path), "limit_bytes": 2 * 10**9, "bytes": 4096, "kinds": kinds}
