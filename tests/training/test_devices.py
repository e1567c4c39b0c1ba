"""Precision follows the hardware, or the user."""

from __future__ import annotations

import pytest
import torch

from crnn_deploy.training import devices
from crnn_deploy.training.devices import start_fabric


@pytest.mark.parametrize(("wanted", "named"), [("fp32", "32-true"), ("bf16", "bf16-mixed")])
def test_the_wanted_precision_is_taken(wanted: str, named: str) -> None:
    fabric = start_fabric(wanted)  # type: ignore[arg-type]
    assert fabric.strategy.precision.precision == named
    assert fabric.world_size == 1


@pytest.mark.parametrize(
    ("sets", "named"),
    [(("avx512f", "avx512_bf16"), "bf16-mixed"), (("amx_bf16",), "bf16-mixed"), (("avx2",), "32-true")],
)
def test_on_cpu_bf16_is_taken_where_it_is_native(
    monkeypatch: pytest.MonkeyPatch, sets: tuple[str, ...], named: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(devices, "instruction_sets", lambda: sets)
    assert start_fabric("auto").strategy.precision.precision == named
