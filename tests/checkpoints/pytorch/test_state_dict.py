"""The weights are found wherever a training script put them, and one set alone is taken."""

from __future__ import annotations

import argparse
import collections
import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints.pytorch.saving import WEIGHTS, saved
from safetensors.torch import save_file
from torch import Tensor

from crnn_deploy.checkpoints.pytorch.state_dict import namings, read_state_dict
from crnn_deploy.errors import InputError


@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        {"state_dict": WEIGHTS, "epoch": 3},
        {"model": {"net": WEIGHTS}},
        {f"module.{name}": tensor for name, tensor in WEIGHTS.items()},
        {f"_orig_mod.module.{name}": tensor for name, tensor in WEIGHTS.items()},
        {"model_state_dict": WEIGHTS, "optimizer": {"state": {0: torch.ones(2)}}},
    ],
)
def test_containers_and_wrappers_are_taken_off(tmp_path: Path, content: Any) -> None:
    state = read_state_dict(saved(tmp_path / "a.pth", content))
    assert state.tensors.keys() == WEIGHTS.keys()
    assert torch.equal(state.tensors["rnn.weight_hh_l0"], WEIGHTS["rnn.weight_hh_l0"])


def test_plain_values_beside_the_weights_are_kept(tmp_path: Path) -> None:
    state = read_state_dict(saved(tmp_path / "a.pt", {"model": WEIGHTS, "charset": "abc", "step": 7}))
    assert state.extras == {"charset": "abc", "step": 7}


def test_reads_safetensors(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "a.safetensors")
    assert read_state_dict(tmp_path / "a.safetensors").tensors.keys() == WEIGHTS.keys()


def test_missing_and_empty_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_state_dict(tmp_path / "none.pth")
    (tmp_path / "empty.pth").touch()
    with pytest.raises(InputError, match="is empty"):
        read_state_dict(tmp_path / "empty.pth")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2], {"state_dict": {}}])
def test_checkpoints_without_tensors_are_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputError, match="holds no weights"):
        read_state_dict(saved(tmp_path / "a.pth", content))


@pytest.mark.parametrize(
    "content",
    [
        {"net_state": WEIGHTS, "epoch": 3},
        {"checkpoint": {"weights": WEIGHTS}, "optimizer": {"state": {0: {"step": torch.ones(2)}}}},
        {"state_dict": WEIGHTS, "args": argparse.Namespace(lr=0.1, layers=[1])},
        {"state_dict": WEIGHTS, "best": np.float64(0.9), "step": np.int64(3), "name": np.str_("x")},
        {"state_dict": WEIGHTS, "seen": np.arange(3), "kind": np.dtype("f4"), "at": datetime.datetime(2020, 1, 1)},
        {"state_dict": WEIGHTS, "path": Path("/x"), "counts": collections.defaultdict(list, {"a": [1]})},
        collections.defaultdict(dict, {"model": WEIGHTS}),
    ],
)
def test_other_containers_and_harmless_values_beside_the_weights(tmp_path: Path, content: Any) -> None:
    assert read_state_dict(saved(tmp_path / "a.pth", content)).tensors.keys() == WEIGHTS.keys()


def test_several_sets_of_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"several sets of weights: reader, judge"):
        read_state_dict(saved(tmp_path / "a.pth", {"reader": WEIGHTS, "judge": WEIGHTS}))


@pytest.mark.parametrize("plain", ["net_state", "state_dict"])
@pytest.mark.parametrize("averaged", ["ema_state", "model_ema", "ema", "swa_model"])
def test_an_averaged_copy_is_told_and_not_taken(tmp_path: Path, plain: str, averaged: str) -> None:
    copy = {name: tensor + 1 for name, tensor in WEIGHTS.items()}
    state = read_state_dict(saved(tmp_path / "a.pth", {averaged: copy, plain: WEIGHTS}))
    assert torch.equal(state.tensors["head.bias"], WEIGHTS["head.bias"])
    assert averaged in state.remark


def test_the_set_with_a_recurrent_layer_is_the_networks(tmp_path: Path) -> None:
    content = {"centers": {"weight": torch.ones(3)}, "reader": WEIGHTS, "opt": {"state": {0: {"step": torch.ones(1)}}}}
    state = read_state_dict(saved(tmp_path / "a.pth", content))
    assert (state.tensors.keys(), state.remark) == (WEIGHTS.keys(), "")


def test_a_part_of_the_names_may_be_the_network(tmp_path: Path) -> None:
    names = {f"{part}.{name}": tensor for part in ("ema_model", "model") for name, tensor in WEIGHTS.items()}
    content = {"state_dict": {**names, "loss.scale": torch.ones(2)}}
    every = list(namings(read_state_dict(saved(tmp_path / "a.ckpt", content)).tensors))
    assert [each.keys() == WEIGHTS.keys() for each in every] == [False, True, True]


def test_a_container_that_holds_itself_ends(tmp_path: Path) -> None:
    content: dict[str, Any] = {"epoch": 3}
    content["model"] = content
    with pytest.raises(InputError, match="holds no weights"):
        read_state_dict(saved(tmp_path / "a.pth", content))


def test_prefixes_that_all_names_share(tmp_path: Path) -> None:
    content = {"state_dict": {f"model.net.{name}": tensor for name, tensor in WEIGHTS.items()}}
    state = read_state_dict(saved(tmp_path / "a.ckpt", content))
    prefixes = [next(iter(named)).removesuffix("rnn.weight_hh_l0") for named in namings(state.tensors)]
    assert prefixes[:3] == ["model.net.", "net.", ""]
    assert next(namings(WEIGHTS)) == WEIGHTS


@pytest.mark.parametrize(
    ("tensor", "form"),
    [
        (torch.zeros(3, dtype=torch.complex64), "complex"),
        (torch.eye(3).to_sparse(), "sparse"),
        (torch.eye(3).to_sparse_csr(), "sparse"),
        (torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "quantized"),
        (torch.zeros(3).to(torch.float8_e4m3fn), "float8_e4m3fn"),
        (torch.zeros(3, device="meta"), "meta device"),
    ],
)
def test_tensors_that_are_no_plain_numbers_are_refused_by_name(tmp_path: Path, tensor: Tensor, form: str) -> None:
    with pytest.raises(InputError, match=rf"The tensor head\.bias in .* is .*{form}"):
        read_state_dict(saved(tmp_path / "a.pth", {**WEIGHTS, "head.bias": tensor}))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_tensor_that_claims_more_than_is_stored_is_refused(tmp_path: Path, zipped: bool) -> None:
    huge = torch.zeros(1).expand(1 << 20, 1 << 20)
    file = saved(tmp_path / "a.pth", {**WEIGHTS, "w": huge}, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match="are stored") as raised:
        read_state_dict(file)
    assert "w [1048576, 1048576]" in raised.value.cause


def test_tied_expanded_and_empty_tensors_are_read(tmp_path: Path) -> None:
    content = {**WEIGHTS, "tied": WEIGHTS["head.bias"], "wide": torch.zeros(1).expand(512), "none": torch.zeros(0, 9)}
    assert read_state_dict(saved(tmp_path / "a.pth", content)).tensors.keys() == content.keys()


def test_a_name_that_would_forge_lines_is_refused(tmp_path: Path) -> None:
    torch.save({"x\n\n✓ done": torch.zeros(2, 2)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="has a name that cannot be printed") as raised:
        read_state_dict(tmp_path / "a.pth")
    assert "\n" not in raised.value.what
