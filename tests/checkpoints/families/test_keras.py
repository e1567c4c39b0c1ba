"""Keras models compute in crnn-deploy what Keras computes; the reference is written in NumPy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("h5py")

from keras_files import Stored, both, convolved, gru, image, lstm, pooled, write

from crnn_deploy.checkpoints.families.keras.axes import FIRST, Factor, slide
from crnn_deploy.checkpoints.families.keras.container import is_keras
from crnn_deploy.checkpoints.pytorch.network import Detected, load_detected, own_format
from crnn_deploy.errors import InputError

pytestmark = pytest.mark.usefixtures("keras_read_here")

RANDOM = np.random.default_rng(0)
KINDS = (".keras", ".h5")


def numbers(*shape: int) -> Any:
    return RANDOM.normal(0, 0.5, shape).astype(np.float32)


def load(path: Path, **spec: Any) -> Detected:
    file = path.with_suffix(".yaml")
    file.write_text(json.dumps(spec), encoding="utf-8")
    return load_detected(path, spec_file=file)


def logits(detected: Detected, images: Any) -> Any:
    """Of images `[N, H, W, C]`."""
    with torch.inference_mode():
        return detected.model(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()


def directions(cell: Any, x: Any, weights: Any, **how: Any) -> Any:
    half = len(weights) // 2
    backward = cell(x[:, ::-1], *weights[half:], **how)[:, ::-1]
    return np.concatenate([cell(x, *weights[:half], **how), backward], -1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_captcha_example_reads_the_same(tmp_path: Path, kind: str) -> None:
    """Width first, a training model with labels and a CTC layer, whose softmax and loss are left out."""
    kernel, bias = numbers(3, 5, 1, 4), numbers(4)
    dense, last = [numbers(16, 6), numbers(6)], [numbers(10, 4), numbers(4)]
    cell = [numbers(6, 20), numbers(5, 20), numbers(20)] * 2
    layers = [
        image(12, 8, 1),
        Stored("Conv2D", "c", {"kernel_size": [3, 5], "padding": "same", "activation": "relu"}, [kernel, bias]),
        Stored("MaxPooling2D", "p", {"pool_size": [2, 2], "strides": [2, 2]}),
        Stored("Reshape", "r", {"target_shape": [6, 16]}),
        Stored("Dense", "d", {"activation": "relu"}, dense),
        Stored("Dropout", "drop", {"rate": 0.2}),
        both("LSTM", "b", cell, units=5),
        Stored("Dense", "out", {"activation": "softmax"}, last),
        image(None, name="label"),
        Stored("CTCLayer", "loss", reads=("label", "out")),
    ]
    found = load(write(tmp_path / f"captcha{kind}", layers), charset="abc")
    assert (found.family, found.spec.blank) == ("keras", 3)
    p = found.spec.preprocessing
    assert (p.width, p.height, p.mean, p.std, p.channels) == (12, 8, (0.0,), (1.0,), "L")

    x = RANDOM.random((2, 12, 8, 1), np.float32)
    y = pooled(np.maximum(convolved(x, kernel, bias), 0)).reshape(2, 6, 16)
    y = directions(lstm, np.maximum(y @ dense[0] + dense[1], 0), cell) @ last[0] + last[1]
    np.testing.assert_allclose(logits(found, x.transpose(0, 2, 1, 3)), y, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_whose_frames_are_rows(tmp_path: Path, kind: str) -> None:
    kernel, bias, norm = numbers(3, 3, 1, 4), numbers(4), [numbers(4), numbers(4), numbers(4), numbers(4) ** 2 + 0.1]
    cells = [[numbers(12, 20), numbers(5, 20), numbers(20)], [numbers(5, 16), numbers(4, 16), numbers(16)]]
    last = [numbers(4, 3), numbers(3)]
    layers = [
        image(6, 7, 1),
        Stored("Conv2D", "c", {"kernel_size": [3, 3], "padding": "same"}, [kernel, bias]),
        Stored("BatchNormalization", "n", {"axis": -1, "epsilon": 0.001}, norm),
        Stored("Activation", "a", {"activation": "relu"}),
        Stored("MaxPooling2D", "p", {"pool_size": [2, 2]}),
        Stored("Reshape", "r", {"target_shape": [3, -1]}),
        Stored("LSTM", "l1", {"units": 5, "return_sequences": True}, cells[0]),
        Stored("LSTM", "l2", {"units": 4}, cells[1]),
        Stored("Dense", "out", {"activation": "softmax"}, last),
    ]
    found = load_detected(write(tmp_path / f"digits{kind}", layers, functional=False))
    assert (found.spec.task, found.spec.class_names) == ("classify", ("0", "1", "2"))
    assert (found.spec.preprocessing.height, found.spec.preprocessing.width) == (6, 7)
    x = RANDOM.random((2, 6, 7, 1), np.float32)
    y = (convolved(x, kernel, bias) - norm[2]) / np.sqrt(norm[3] + 0.001) * norm[0] + norm[1]
    y = lstm(lstm(pooled(np.maximum(y, 0)).reshape(2, 3, 12), *cells[0]), *cells[1])[:, -1]
    np.testing.assert_allclose(logits(found, x), y @ last[0] + last[1], atol=1e-4)


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


@pytest.mark.parametrize(
    ("config", "version", "how"),
    [
        ({"reset_after": True}, "3.15.0", {}),
        ({"reset_after": False}, "3.15.0", {}),
        ({"reset_after": True, "activation": "relu"}, "3.15.0", {"activation": relu}),
        ({"recurrent_activation": "hard_sigmoid"}, "3.1.0", {"gate": lambda x: np.clip(x / 6 + 0.5, 0, 1)}),
        ({"recurrent_activation": "hard_sigmoid"}, "2.2.4", {"gate": lambda x: np.clip(x / 5 + 0.5, 0, 1)}),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_gru(tmp_path: Path, kind: str, config: dict[str, Any], version: str, how: dict[str, Any]) -> None:
    biases = (2, 12) if config.get("reset_after") else (12,)
    cell = [array for _ in range(2) for array in (numbers(5, 12), numbers(4, 12), numbers(*biases))]
    last = [numbers(8, 3), numbers(3)]
    layers = [
        image(5, 9, 1),
        Stored("Permute", "p", {"dims": [2, 1, 3]}),
        Stored("Reshape", "r", {"target_shape": [9, 5]}),
        both("GRU", "b", cell, units=4, **config),
        Stored("Dense", "out", {}, last),
    ]
    found = load(write(tmp_path / f"gru{kind}", layers, version=version), charset="ab")
    x = RANDOM.random((2, 5, 9, 1), np.float32)
    y = directions(gru, x[..., 0].swapaxes(1, 2), cell, **how) @ last[0] + last[1]
    np.testing.assert_allclose(logits(found, x), y, atol=1e-4)


def test_an_lstm_with_relu(tmp_path: Path) -> None:
    cell, last = [numbers(5, 16), numbers(4, 16), numbers(16)], [numbers(4, 3), numbers(3)]
    layers = [
        image(9, 5, 1),
        Stored("Reshape", "r", {"target_shape": [9, 5]}),
        Stored("LSTM", "l", {"units": 4, "return_sequences": True, "activation": "relu"}, cell),
        Stored("Dense", "out", {}, last),
    ]
    found = load(write(tmp_path / "relu.keras", layers), charset="ab")
    x = RANDOM.random((2, 9, 5, 1), np.float32)
    y = lstm(x[..., 0], *cell, activation=relu) @ last[0] + last[1]
    np.testing.assert_allclose(logits(found, x.transpose(0, 2, 1, 3)), y, atol=1e-4)


def test_any_width(tmp_path: Path) -> None:
    """The width is a multiple of all strides, so that the uneven padding is the same for each line."""
    layers = [
        image(8, None, 3),
        Stored("Rescaling", "s", {"scale": 1 / 127.5, "offset": -1.0}),
        Stored("Conv2D", "c", {"kernel_size": 4, "strides": 2, "padding": "same"}, [numbers(4, 4, 3, 4), numbers(4)]),
        Stored("MaxPooling2D", "p", {"pool_size": [2, 2], "padding": "same"}),
        Stored("Permute", "t", {"dims": [2, 1, 3]}),
        Stored("TimeDistributed", "f", {"layer": {"class_name": "Flatten", "config": {}}}),
        both("LSTM", "b", [numbers(8, 8), numbers(2, 8), numbers(8)] * 2, units=2),
        Stored("Dense", "out", {}, [numbers(4, 3), numbers(3)]),
    ]
    found = load(write(tmp_path / "wide.keras", layers), charset="ab")
    p = found.spec.preprocessing
    assert (p.width, p.width_multiple, p.channels) == (None, 4, "RGB")
    assert p.mean == pytest.approx((0.5,))
    assert p.std == pytest.approx((0.5,))
    assert logits(found, RANDOM.random((1, 8, 20, 3), np.float32)).shape == (1, 5, 3)


def test_a_lookup_beside_the_network_tells_the_characters(tmp_path: Path) -> None:
    layers = [
        image(9, 5, 1),
        Stored("Reshape", "r", {"target_shape": [9, 5]}),
        Stored("LSTM", "l", {"units": 4, "return_sequences": True}, [numbers(5, 16), numbers(4, 16), numbers(16)]),
        Stored("Dense", "out", {"activation": "softmax"}, [numbers(4, 4), numbers(4)]),
        image(None, name="text"),
        Stored("StringLookup", "chars", {"vocabulary": ["x", "y"], "num_oov_indices": 1}),
        Stored("CTCLayer", "loss", reads=("chars", "out")),
    ]
    spec = load_detected(write(tmp_path / "lookup.keras", layers)).spec
    assert (spec.charset, spec.blank) == (("", "x", "y"), 3)


@pytest.mark.parametrize("pooling", ["AveragePooling2D", "MaxPooling2D"])
def test_uneven_pooling_counts_what_is_inside(tmp_path: Path, pooling: str) -> None:
    """Windows of 2 on 9 and of 3 on 4: the last one ends outside, as in TensorFlow."""
    cell, last = [numbers(2, 16), numbers(4, 16), numbers(16)], [numbers(4, 3), numbers(3)]
    layers = [
        image(9, 4, 1),
        Stored(pooling, "p", {"pool_size": [2, 3], "strides": [2, 2], "padding": "same"}),
        Stored("Reshape", "r", {"target_shape": [5, 2]}),
        Stored("LSTM", "l", {"units": 4, "return_sequences": True}, cell),
        Stored("Dense", "out", {}, last),
    ]
    found = load(write(tmp_path / "p.keras", layers), charset="ab")
    x = -RANDOM.random((2, 9, 4, 1), np.float32)
    one = np.mean if pooling == "AveragePooling2D" else np.max
    windows = [[one(x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 3, 0], (1, 2)) for j in range(2)] for i in range(5)]
    y = lstm(np.array(windows).transpose(2, 0, 1), *cell) @ last[0] + last[1]
    np.testing.assert_allclose(logits(found, x.transpose(0, 2, 1, 3)), y, atol=1e-4)


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize(("extent", "stride"), [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (4, 3), (1, 2)])
def test_padding_is_tensorflows(size: int, extent: int, stride: int) -> None:
    window, after = slide(Factor(FIRST, size), extent, stride, True, "layer")
    assert after.size == -(-size // stride)
    padded = size + window.before + window.after
    assert (padded - extent) // stride + 1 == after.size
    assert window.after - window.before in (0, 1)


def test_padding_that_depends_on_the_width_is_refused() -> None:
    with pytest.raises(InputError, match="may vary"):
        slide(Factor(FIRST, None, multiple=3), 3, 2, True, "layer")


def test_recognition(tmp_path: Path) -> None:
    path = write(tmp_path / "m.keras", [image(4, 4, 1), Stored("Lambda", "x")])
    family = own_format(path)
    assert family is not None
    assert family.name == "keras"
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.pth")
    assert not is_keras(tmp_path / "a.pth")
