"""Weights are taken where they fit, and rows of the head by their characters."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from told import Told
from torch import nn

from crnn_deploy.artifact import Artifact, open_artifact, write_safetensors
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.warm_start import initial_network


def spec_of(charset: str, **options: float) -> ModelSpec:
    like = ModelSpec(name="like", charset=charset, preprocessing=Preprocessing(height=32))
    return student_spec("student", StudentChoice(width=0.25, hidden=16, **options), like)


def written(path: Path, charset: str, **options: float) -> tuple[Artifact, nn.Module]:
    spec = spec_of(charset, **options)
    network = initial_network(spec, 1, None, Told())
    write_safetensors(path, network.state_dict(), spec)
    return open_artifact(path), network


@pytest.mark.parametrize("options", [{}, {"head_rank": 8}])
def test_a_head_of_other_characters_takes_the_rows_of_common_ones(tmp_path: Path, options: dict[str, float]) -> None:
    warm, theirs = written(tmp_path / "warm.safetensors", "abcdef", **options)
    told = Told()
    spec = spec_of("fxa", **options)
    network, cold = initial_network(spec, 2, warm, told), initial_network(spec, 2, None, Told())
    own, other, random = (each.state_dict() for each in (network, theirs, cold))
    blank = spec.blank
    for name in ("head.weight", "head.bias"):
        assert torch.equal(own[name][blank], other[name][warm.spec.blank])
        for character in "fa":
            place, there = spec.alphabet.index(character), warm.spec.alphabet.index(character)
            assert torch.equal(own[name][place], other[name][there])
        assert torch.equal(own[name][spec.alphabet.index("x")], random[name][spec.alphabet.index("x")])
    assert torch.equal(own["rnn.weight_hh_l0"], other["rnn.weight_hh_l0"])
    assert any("3 of 4 rows of the head" in line for line in told.lines)


def test_the_same_characters_are_taken_whole(tmp_path: Path) -> None:
    warm, theirs = written(tmp_path / "warm.safetensors", "abc")
    told = Told()
    network = initial_network(spec_of("abc"), 2, warm, told)
    assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in network.state_dict().items())
    assert told.lines == [f"100% of the parameters start from {warm.path}"]
