"""Modules are never built: TorchScript gives its weights, and others are refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints.pytorch.saving import saved
from torch import nn

from crnn_deploy.checkpoints.pytorch.state_dict import read_state_dict
from crnn_deploy.errors import InputError


def test_a_pickled_model_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"torch\.nn\.modules\.linear\.Linear") as raised:
        read_state_dict(saved(tmp_path / "whole.pth", nn.Linear(2, 2)))
    assert "state_dict()" in raised.value.fix


def test_weights_of_torchscript_are_read_without_its_code(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3)))
    torch.jit.trace(network.eval(), torch.zeros(1, 2)).save(str(tmp_path / "script.pt"))
    with zipfile.ZipFile(tmp_path / "script.pt") as old, zipfile.ZipFile(tmp_path / "spoilt.pt", "w") as new:
        for name in old.namelist():
            new.writestr(name, b"raise SystemExit" if "/code/" in name else old.read(name))
    for file in ("script.pt", "spoilt.pt"):
        tensors = read_state_dict(tmp_path / file).tensors
        assert tensors.keys() == network.state_dict().keys()
        assert all(torch.equal(tensors[name], tensor) for name, tensor in network.state_dict().items())


def test_frozen_torchscript_is_refused(tmp_path: Path) -> None:
    traced = torch.jit.trace(nn.Linear(2, 2).eval(), torch.zeros(1, 2))
    torch.jit.freeze(traced).save(str(tmp_path / "script.pt"))
    with pytest.raises(InputError, match="without named weights"):
        read_state_dict(tmp_path / "script.pt")


@pytest.mark.parametrize("content", [{"model": nn.LSTM(2, 2), "epoch": 3}, {"net": {"module": nn.LSTM(2, 2)}}])
def test_a_module_in_a_container_is_named(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputError, match=r"an object of the class torch\.nn\.modules\.rnn\.LSTM"):
        read_state_dict(saved(tmp_path / "a.pth", content))
