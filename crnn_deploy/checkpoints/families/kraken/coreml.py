"""kraken's `.mlmodel` files: CoreML's protobuf, with the network in VGSL and the codec in the user's metadata.

The numbers of the fields are those of Model.proto and NeuralNetwork.proto of the CoreML model format.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crnn_deploy.checkpoints.families.kraken.protobuf import Message
from crnn_deploy.checkpoints.families.kraken.stored import StoredModel, tasks_of
from crnn_deploy.errors import InputError
from crnn_deploy.files import require_file
from crnn_deploy.limits import MAX_ONNX
from crnn_deploy.text_formats import parse_json

_DESCRIPTION, _METADATA, _USER_DEFINED, _NETWORK, _LAYERS = 2, 100, 100, 500, 1
_KEY, _VALUE = 1, 2
_NAME, _CONVOLUTION, _LINEAR, _ONE_WAY_LSTM, _TWO_WAY_LSTM, _CUSTOM = 1, 100, 140, 420, 430, 500
_FLOATS = 1
# Of an LSTM's weights: the input, forget, block input and output gate, which is PyTorch's order.
_INPUT_WEIGHTS, _RECURRENT_WEIGHTS, _BIASES = (1, 2, 3, 4), (20, 21, 22, 23), (40, 41, 42, 43)


def read_coreml(path: Path) -> StoredModel:
    """The model in a `.mlmodel` file.

    Raises:
        InputError: if it is damaged, no CoreML model, or not made by kraken.
    """
    model = Message(memoryview(_content(path)), str(path))
    entries = model.message(_DESCRIPTION).message(_METADATA).messages(_USER_DEFINED)
    metadata = {entry.text(_KEY): entry.text(_VALUE) for entry in entries}
    meta = _json(metadata, "kraken_meta", path)
    meta = {} if meta is None else meta
    if not isinstance(meta, dict):
        raise InputError(f"`kraken_meta` in {path} is {type(meta).__name__}, expected a mapping.")
    vgsl = metadata.get("vgsl") or meta.get("vgsl")
    if not isinstance(vgsl, str):
        raise InputError(
            f"{path} is no model of kraken.",
            "A .mlmodel of kraken has the network in its metadata (`vgsl`); it is a CoreML model of another maker.",
        )
    codec = _json(metadata, "codec", path)
    # Files from before there was `kraken_meta` always recognise text.
    tasks = tasks_of(meta.get("model_type")) if "kraken_meta" in metadata else ("recognition",)
    tensors = dict(_tensors(model.message(_NETWORK).messages(_LAYERS), path))
    return StoredModel("", vgsl, codec, tasks, meta.get("seg_type"), tensors)


def _content(path: Path) -> bytes:
    require_file(path)
    try:
        if path.stat().st_size > MAX_ONNX:
            raise InputError(f"{path} is larger than protobuf allows.")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def _json(metadata: dict[str, str], key: str, path: Path) -> object:
    return parse_json(metadata[key], f"`{key}` in {path}") if key in metadata else None


def _tensors(layers: list[Message], path: Path) -> Iterator[tuple[str, Tensor]]:
    """The weights with the names that they have in kraken's `.safetensors` files."""
    for layer in layers:
        name = layer.text(_NAME)
        if layer.has(_CONVOLUTION):
            yield from _convolution(name.removesuffix("_conv"), layer.message(_CONVOLUTION), path)
        elif layer.has(_LINEAR):
            yield from _linear(name.removesuffix("_lin"), layer.message(_LINEAR), path)
        elif layer.has(_CUSTOM):
            parts = layer.message(_CUSTOM).messages(20)
            for part, weights in zip(("weight", "bias"), parts, strict=False):
                yield f"{name}.layer.{part}", _tensor(weights.floats(_FLOATS))
        elif layer.has(_ONE_WAY_LSTM):
            yield from _lstm(name, layer.message(_ONE_WAY_LSTM), path)
        elif layer.has(_TWO_WAY_LSTM):
            yield from _lstm(name, layer.message(_TWO_WAY_LSTM), path)


def _convolution(name: str, layer: Message, path: Path) -> Iterator[tuple[str, Tensor]]:
    shape = (layer.integer(1), layer.integer(2), *layer.integers(20)[:2])
    yield f"{name}.co.weight", _shaped(layer.message(90).floats(_FLOATS), shape, f"{name} in {path}")
    yield f"{name}.co.bias", _tensor(layer.message(91).floats(_FLOATS))


def _linear(name: str, layer: Message, path: Path) -> Iterator[tuple[str, Tensor]]:
    shape = (layer.integer(2), layer.integer(1))
    yield f"{name}.lin.weight", _shaped(layer.message(20).floats(_FLOATS), shape, f"{name} in {path}")
    yield f"{name}.lin.bias", _tensor(layer.message(21).floats(_FLOATS))


def _lstm(name: str, layer: Message, path: Path) -> Iterator[tuple[str, Tensor]]:
    inputs, hidden = layer.integer(1), layer.integer(2)
    name = name.removesuffix("_transposed")  # of an LSTM from top to bottom
    for direction, weights in zip(("", "_reverse"), layer.messages(20), strict=False):
        for part, numbers, width in (("ih", _INPUT_WEIGHTS, inputs), ("hh", _RECURRENT_WEIGHTS, hidden)):
            values = _joined(weights, numbers)
            place = f"{name} in {path}"
            yield f"{name}.layer.weight_{part}_l0{direction}", _shaped(values, (4 * hidden, width), place)
        biases = _tensor(_joined(weights, _BIASES))
        yield f"{name}.layer.bias_ih_l0{direction}", torch.zeros_like(biases)
        yield f"{name}.layer.bias_hh_l0{direction}", biases


def _joined(weights: Message, numbers: tuple[int, ...]) -> NDArray[np.float32]:
    return np.concatenate([weights.message(number).floats(_FLOATS) for number in numbers])


def _shaped(values: NDArray[np.float32], shape: tuple[int, ...], place: str) -> Tensor:
    if not values.size or values.size != math.prod(shape):
        raise InputError(
            f"The layer {place} has {values.size:,} FP32 weights, expected {'×'.join(map(str, shape))}.",
            "It is damaged, or its weights are stored in FP16 or quantized, which kraken does not read either.",
        )
    return _tensor(values.reshape(shape))


def _tensor(values: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))  # a copy, as the file's bytes can't be written to
