"""Which TensorRT builds, and for which GPUs."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from crnn_deploy.engine import flavors
from crnn_deploy.engine.config import EngineOptions
from crnn_deploy.engine.flavors import find_flavor
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.tensorrt.manifest import Gpu

KNOWN = ("NONE", "CURRENT", "SM75", "SM80", "SM89", "SM120")


class Machine:
    """Decides what is installed and which GPU there is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.has()
        self.gpu(None)

    def has(self, *modules: str) -> None:
        capabilities = SimpleNamespace(__members__={name: name for name in KNOWN}, SM89="SM89", SM120="SM120")
        for name in ("tensorrt", "tensorrt_rtx"):
            library = SimpleNamespace(__version__="1.2.3", ComputeCapability=capabilities)
            self._patch.setitem(sys.modules, name, library if name in modules else None)

    def gpu(self, capability: str | None) -> None:
        found = capability and Gpu("Card", capability)
        self._patch.setattr(flavors, "find_gpu", lambda: found)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def chosen(*arguments: Any) -> tuple[str, tuple[str, ...]]:
    flavor, targets = find_flavor(*arguments)
    return flavor.name, targets


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(("choice", "package"), [("auto", "tensorrt-rtx"), ("tensorrt", "tensorrt")])
def test_a_missing_library_is_told(choice: Any, package: str) -> None:
    with pytest.raises(InputError, match="installed") as caught:
        find_flavor(choice)
    assert f"crnn-deploy[{package}]" in caught.value.fix


def test_with_a_gpu_the_full_library_is_preferred(machine: Machine) -> None:
    machine.has("tensorrt", "tensorrt_rtx")
    machine.gpu("sm90")
    assert chosen("auto") == ("tensorrt", ("sm90",))
    assert chosen("auto", ("sm90",)) == ("tensorrt", ("sm90",))


def test_without_a_gpu_or_for_another_one_the_rtx_library_builds(machine: Machine) -> None:
    machine.has("tensorrt", "tensorrt_rtx")
    assert chosen("auto", ("sm89",)) == ("tensorrt-rtx", ("sm89",))
    machine.gpu("sm90")
    assert chosen("auto", ("sm89",)) == ("tensorrt-rtx", ("sm89",))


def test_the_full_library_needs_the_gpu(machine: Machine) -> None:
    machine.has("tensorrt")
    with pytest.raises(InputError, match="cannot build without an NVIDIA GPU"):
        find_flavor("auto")
    machine.gpu("sm80")
    with pytest.raises(InputError, match=r"Card \(sm80\), not for sm89"):
        find_flavor("auto", ("sm89",))


def test_an_unknown_target_lists_the_known_ones(machine: Machine) -> None:
    machine.has("tensorrt", "tensorrt_rtx")
    with pytest.raises(InputError, match="does not know sm90") as caught:
        find_flavor("auto", ("sm89", "sm90"))
    assert "sm75, sm80, sm89, sm120" in caught.value.cause


def test_rtx_builds_for_the_gpu_at_hand_or_for_all_but_turing(machine: Machine) -> None:
    machine.has("tensorrt_rtx")
    assert chosen("auto") == ("tensorrt-rtx", ("sm80", "sm89", "sm120"))
    machine.gpu("sm75")
    assert chosen("auto") == ("tensorrt-rtx", ("sm75",))
    machine.gpu("sm90")
    assert chosen("auto") == ("tensorrt-rtx", ("sm80", "sm89", "sm120"))


def test_rtx_takes_its_targets_and_refuses_what_it_lacks(machine: Machine) -> None:
    machine.has("tensorrt_rtx")
    flavor, targets = find_flavor("tensorrt-rtx", ("sm89", "sm120"))
    set_capabilities = {}
    config = SimpleNamespace(set_compute_capability=lambda value, index: set_capabilities.update({index: value}))
    flavor.configure(config, targets, EngineOptions())
    assert config.num_compute_capabilities == 2
    assert set_capabilities == {0: "SM89", 1: "SM120"}
    with pytest.raises(InputError, match="no version-compatible engines"):
        flavor.configure(config, targets, EngineOptions(version_compatible=True))
    with pytest.raises(InputError, match="no hardware-compatible engines"):
        flavor.configure(config, targets, EngineOptions(hardware_compatible=True))


def test_advice_names_the_old_gpu(machine: Machine) -> None:
    machine.has("tensorrt_rtx")
    flavor, _ = find_flavor("auto")
    assert "--target sm75" in flavor.advice(("sm75", "sm89"))
    assert "sm75" not in flavor.advice(("sm89",))


@pytest.mark.parametrize("written", ["sm89", "SM89", "8.9", "89"])
def test_a_gpu_may_be_written_in_several_ways(written: str) -> None:
    assert EngineOptions(targets=(written,)).targets == ("sm89",)
