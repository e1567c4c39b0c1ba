"""The environment says what is here, and `missing` what isn't."""

from __future__ import annotations

import platform

import torch

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


def test_what_is_here_is_not_missing() -> None:
    full = bare(gpus=("a GPU",), tensorrt={"tensorrt": "11.0"}, instruction_sets=("avx512_vnni",))
    assert not {"NVIDIA GPU", "TensorRT", "INT8 instructions"} & {thing.thing for thing in missing(full)}
