"""Files are read whole or refused with the reason, and nothing in them is ever executed."""

from __future__ import annotations

import os
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints.pytorch.saving import WEIGHTS, saved

from crnn_deploy.checkpoints.pytorch.state_dict import read_state_dict
from crnn_deploy.errors import InputError


class Payload:
    """A pickle of this runs a shell command when it is loaded the usual way."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


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


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999])
def test_truncated_files_are_refused(tmp_path: Path, zipped: bool, share: float) -> None:
    whole = saved(tmp_path / "whole.pth", WEIGHTS, _use_new_zipfile_serialization=zipped).read_bytes()
    cut = tmp_path / "cut.pth"
    cut.write_bytes(whole[: max(5, int(len(whole) * share))])
    with pytest.raises(InputError, match="not a complete PyTorch checkpoint") as raised:
        read_state_dict(cut)
    assert "truncated" in raised.value.cause


@pytest.mark.parametrize("content", [b"<!doctype html>", b"version https://git-lfs.github.com/spec/v1", b"\x00" * 64])
def test_other_files_are_no_checkpoints(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "page.pth"
    file.write_bytes(content)
    with pytest.raises(InputError, match="is not a PyTorch checkpoint"):
        read_state_dict(file)


class Options:
    """An object of a class that is not importable where the checkpoint is read."""

    def __init__(self) -> None:
        self.width = 3


def test_objects_of_unknown_classes_are_read_past(tmp_path: Path) -> None:
    content = {"state_dict": WEIGHTS, "options": Options(), "list": [Options()], "set": {1, 2}, "at": torch.Size([2])}
    assert read_state_dict(saved(tmp_path / "a.pth", content)).tensors.keys() == WEIGHTS.keys()


def test_another_protocol_of_pickle_is_not_called_damage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="form of pickle") as raised:
        read_state_dict(saved(tmp_path / "a.pth", WEIGHTS, pickle_protocol=4))
    assert "truncated" not in str(raised.value)


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
