"""State dicts are read whole or refused with the reason, and nothing in a file is ever executed."""

from __future__ import annotations

import argparse
import collections
import datetime
import os
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from crnn_deploy.checkpoints.state_dict import namings, read_state_dict
from crnn_deploy.errors import InputError

WEIGHTS = {"rnn.weight_hh_l0": torch.arange(48.0).reshape(12, 4), "head.bias": torch.ones(3)}


class Payload:
    """A pickle of this runs a shell command when it is loaded the usual way."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


def saved(path: Path, content: Any, **options: Any) -> Path:
    torch.save(content, path, **options)
    return path


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


def test_reads_the_format_before_zip_archives(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.pth", WEIGHTS, _use_new_zipfile_serialization=False)
    assert read_state_dict(file).tensors.keys() == WEIGHTS.keys()


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_bare_hostile_pickle_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    marker = tmp_path / "executed"
    file = tmp_path / "evil.pth"
    file.write_bytes(pickle.dumps({"w": Payload(marker)}, protocol=protocol))
    with pytest.raises(InputError) as raised:
        read_state_dict(file)
    assert not marker.exists()
    if protocol >= 2:  # older pickles don't even look like checkpoints
        assert "would execute code" in raised.value.what
        assert "system" in raised.value.what
        assert "not executed" in raised.value.what


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_checkpoint_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    marker = tmp_path / "executed"
    content = {**WEIGHTS, "hook": Payload(marker)}
    file = saved(tmp_path / "evil.pth", content, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"would execute code.*system.*not executed"):
        read_state_dict(file)
    assert not marker.exists()


def test_the_payload_would_have_run(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    pickle.loads(pickle.dumps(Payload(marker)))
    assert marker.exists()


def test_a_pickled_model_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"torch\.nn\.modules\.linear\.Linear") as raised:
        read_state_dict(saved(tmp_path / "whole.pth", nn.Linear(2, 2)))
    assert "state_dict()" in raised.value.fix


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999])
def test_truncated_files_are_refused(tmp_path: Path, zipped: bool, share: float) -> None:
    whole = saved(tmp_path / "whole.pth", WEIGHTS, _use_new_zipfile_serialization=zipped).read_bytes()
    cut = tmp_path / "cut.pth"
    cut.write_bytes(whole[: max(5, int(len(whole) * share))])
    with pytest.raises(InputError, match="not a complete PyTorch checkpoint") as raised:
        read_state_dict(cut)
    assert "truncated" in raised.value.cause


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


def test_missing_and_empty_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_state_dict(tmp_path / "none.pth")
    (tmp_path / "empty.pth").touch()
    with pytest.raises(InputError, match="is empty"):
        read_state_dict(tmp_path / "empty.pth")


@pytest.mark.parametrize("content", [b"<!doctype html>", b"version https://git-lfs.github.com/spec/v1", b"\x00" * 64])
def test_other_files_are_no_checkpoints(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "page.pth"
    file.write_bytes(content)
    with pytest.raises(InputError, match="is not a PyTorch checkpoint"):
        read_state_dict(file)


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


class Options:
    """An object of a class that is not importable where the checkpoint is read."""

    def __init__(self) -> None:
        self.width = 3


def test_objects_of_unknown_classes_are_read_past(tmp_path: Path) -> None:
    content = {"state_dict": WEIGHTS, "options": Options(), "list": [Options()], "set": {1, 2}, "at": torch.Size([2])}
    assert read_state_dict(saved(tmp_path / "a.pth", content)).tensors.keys() == WEIGHTS.keys()


@pytest.mark.parametrize("content", [{"model": nn.LSTM(2, 2), "epoch": 3}, {"net": {"module": nn.LSTM(2, 2)}}])
def test_a_module_in_a_container_is_named(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputError, match=r"an object of the class torch\.nn\.modules\.rnn\.LSTM"):
        read_state_dict(saved(tmp_path / "a.pth", content))


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


def test_another_protocol_of_pickle_is_not_called_damage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="form of pickle") as raised:
        read_state_dict(saved(tmp_path / "a.pth", WEIGHTS, pickle_protocol=4))
    assert "truncated" not in str(raised.value)


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


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    plain = saved(tmp_path / "plain.pth", WEIGHTS)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
        new.writestr("archive/data/9", bytes(100 << 20))
    with pytest.raises(InputError, match="claims to unpack"):
        read_state_dict(tmp_path / "a.pth")


def test_a_tar_is_no_checkpoint(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.pth", "w") as archive:
        archive.add(saved(tmp_path / "w.pth", WEIGHTS), "storages")
    with pytest.raises(InputError, match="is not a PyTorch checkpoint"):
        read_state_dict(tmp_path / "a.pth")


def test_a_name_that_would_forge_lines_is_refused(tmp_path: Path) -> None:
    torch.save({"x\n\n✓ done": torch.zeros(2, 2)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="has a name that cannot be printed") as raised:
        read_state_dict(tmp_path / "a.pth")
    assert "\n" not in raised.value.what
