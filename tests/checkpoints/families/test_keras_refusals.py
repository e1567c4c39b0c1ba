"""Keras files that cannot be imported, or that lie, are refused with the reason."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("h5py")

import h5py
from keras_files import Stored, image, model_config, write, write_h5

from crnn_deploy.checkpoints.pytorch.network import load_detected
from crnn_deploy.errors import InputError

pytestmark = pytest.mark.usefixtures("keras_read_here")

NOTHING = np.zeros
LSTM = Stored("LSTM", "l", {"units": 4, "return_sequences": True}, [NOTHING((5, 16)), NOTHING((4, 16)), NOTHING(16)])
HEAD = Stored("Dense", "out", {"activation": "softmax"}, [NOTHING((4, 3)), NOTHING(3)])
RESHAPE = Stored("Reshape", "r", {"target_shape": [9, 5]})
GOOD = [image(9, 5, 1), RESHAPE, LSTM, HEAD]


def refused(path: Path, reason: str) -> None:
    spec = path.with_name("spec.yaml")
    spec.write_text('charset: "ab"\nblank: 2\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_detected(path, spec_file=spec)
    assert reason in f"{caught.value.what} {caught.value.cause}"


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ([image(9, 5, 1), Stored("Lambda", "x"), RESHAPE, LSTM, HEAD], "never executed"),
        ([image(9, 5, 1), RESHAPE, Stored("Attention", "x"), LSTM, HEAD], "does not know"),
        ([image(9, 5, 1), RESHAPE, LSTM, HEAD, Stored("Dense", "y", {}, HEAD.weights)], "follows the softmax"),
        ([image(9, 5, 1), RESHAPE, LSTM], "ends in LSTM"),
        ([image(9, 5, 1), Stored("Reshape", "r", {"target_shape": [3, 15]}), LSTM, HEAD], "into pieces"),
        ([image(9, 5, 1), Stored("Reshape", "r", {"target_shape": [9, 4]}), LSTM, HEAD], "into pieces"),
        ([image(9, 5, 1), Stored("Permute", "r", {"dims": [1, 1, 3]}), LSTM, HEAD], "no permutation"),
        ([image(9, 5, 1), LSTM, HEAD], "no sequence of frames"),
        ([image(None, None, 1), RESHAPE, LSTM, HEAD], "one may vary"),
        ([image(9, 5, 2), RESHAPE, LSTM, HEAD], "1 or 3 channels"),
        ([image(9, 5, 1), RESHAPE, Stored("LSTM", "l", {"units": 4}, LSTM.weights[:2]), HEAD], "has 2 weights"),
        ([image(9, 5, 1), RESHAPE, Stored("LSTM", "l", {"units": 5}, LSTM.weights), HEAD], "not those of 5 units"),
        ([image(9, 5, 1), RESHAPE, Stored("LSTM", "l", {"units": True}, LSTM.weights), HEAD], "is not valid"),
        (
            [image(9, 5, 1), RESHAPE, Stored("LSTM", "l", {**LSTM.config, "stateful": True}, LSTM.weights), HEAD],
            "keeps its state",
        ),
        (
            [image(9, 5, 1), RESHAPE, Stored("LSTM", "l", {**LSTM.config, "go_backwards": True}, LSTM.weights), HEAD],
            "mixes up",
        ),
        (
            [image(9, 5, 1), RESHAPE, Stored("LSTM", "l", {**LSTM.config, "activation": "selu"}, LSTM.weights), HEAD],
            "the activations selu",
        ),
        ([*GOOD[:3], Stored("Dense", "out", {"activation": {"class_name": "Mine"}}, HEAD.weights)], "Mine"),
        ([*GOOD[:3], Stored("Add", "a", reads=("l", "r")), HEAD], "has branches"),
        ([*GOOD[:3], Stored("Dense", "out", {}, [NOTHING((4, 3)), np.full(3, np.nan)])], "NaN"),
        ([image(9, 5, 1), Stored("Conv2D", "c", {"kernel_size": 10}, [NOTHING((10, 10, 1, 1)), NOTHING(1)])], "window"),
    ],
)
@pytest.mark.parametrize("kind", [".keras", ".h5"])
def test_networks_that_cannot_be_imported(tmp_path: Path, kind: str, layers: list[Stored], reason: str) -> None:
    refused(write(tmp_path / f"m{kind}", layers), reason)


def test_a_good_one_is_taken(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text('charset: "ab"\nblank: 2\n', encoding="utf-8")
    assert load_detected(write(tmp_path / "m.h5", GOOD), spec_file=spec).spec.num_outputs == 3


def test_a_model_in_code_is_refused(tmp_path: Path) -> None:
    write_h5(tmp_path / "m.h5", {"class_name": "MyModel", "config": {}}, [])
    refused(tmp_path / "m.h5", "in its code")


def test_weights_alone_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.zeros(3)
    refused(tmp_path / "m.weights.h5", "only weights")


@pytest.mark.parametrize("kind", [".keras", ".h5"])
def test_damaged_files(tmp_path: Path, kind: str) -> None:
    """Cut short anywhere, or with bytes changed, a file is read or refused; nothing else happens."""
    good = write(tmp_path / f"good{kind}", GOOD).read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / f"bad{kind}"
    for number in range(60):
        data = bytearray(good)
        if number % 2:
            data = data[: int(random.integers(9, len(good)))]
        else:
            for place in random.integers(8, len(good), 4):
                data[place] = int(random.integers(256))
        path.write_bytes(data)
        try:
            load_detected(path)
        except InputError:
            continue


def test_bombs(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"[" * (1 << 24))
        archive.writestr("model.weights.h5", b"")
    refused(path, "is larger than")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(model_config(GOOD)))
        archive.writestr("model.weights.h5", bytes(1 << 27))
    refused(path, "unpacks to more than")


def changed(path: Path, change: Any) -> Path:
    """A good `.h5` whose array `out/kernel` is replaced."""
    write(path, GOOD)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/out/out"]
        del group["kernel"]
        change(group)
    return path


def test_links_out_of_the_file_are_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["kernel"] = np.zeros((4, 3), np.float32)

    def external(group: Any) -> None:
        group["kernel"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "kernel")

    def soft(group: Any) -> None:
        group["kernel"] = h5py.SoftLink("/model_weights/l/l/kernel")

    for change in (external, soft):
        refused(changed(tmp_path / "m.h5", change), "a link")


def test_data_in_other_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(bytes(48))

    def raw(group: Any) -> None:
        group.create_dataset("kernel", (4, 3), "f4", external=[(str(tmp_path / "raw"), 0, 48)])

    refused(changed(tmp_path / "m.h5", raw), "in another file")


def test_arrays_that_are_larger_than_the_file(tmp_path: Path) -> None:
    def never_written(group: Any) -> None:
        group.create_dataset("kernel", (1 << 20, 1 << 20), "f4")

    def compressed(group: Any) -> None:
        group.create_dataset("kernel", data=np.zeros((1 << 10, 1 << 10), np.float32), compression="gzip")

    refused(changed(tmp_path / "m.h5", never_written), "does not hold as much")
    refused(changed(tmp_path / "m.h5", compressed), "compressed")


def test_groups_that_hold_each_other(tmp_path: Path) -> None:
    def circle(group: Any) -> None:
        group["a"], group["b"] = group, group

    refused(changed(tmp_path / "m.h5", circle), "too ")
