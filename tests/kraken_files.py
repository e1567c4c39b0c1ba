"""Small files as kraken writes them, and its networks computed from their description."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

NAME = "0b7d5dd2-0000-4000-8000-000000000000"
CODEC = {"a": [1], "b": [2], "c": [3]}
VGSL = "[1,12,0,1 Cr{C_0}3,3,4,2,2 Gn{Gn_1}2 Do{Do_2}0.1,2 Mp{Mp_3}2,2 S{S_4}1(1x0)1,3 Lbx{L_5}6 Do{Do_6} O{O_7}1c4]"


def weights(seed: int = 0) -> dict[str, Tensor]:
    """Random weights of the network `VGSL`."""
    torch.manual_seed(seed)
    convolution, lstm, head = nn.Conv2d(1, 4, 3), nn.LSTM(12, 6, bidirectional=True), nn.Linear(12, 4)
    torch.nn.init.zeros_(lstm.bias_ih_l0)  # CoreML has one bias, and kraken writes the sum of both
    torch.nn.init.zeros_(lstm.bias_ih_l0_reverse)
    torch.nn.init.normal_(head.weight)
    parts = {"C_0.co": convolution, "L_5.layer": lstm, "O_7.lin": head}
    tensors = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    return tensors | {"Gn_1.layer.weight": torch.rand(4) + 0.5, "Gn_1.layer.bias": torch.randn(4)}


def reference(x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Logits `[N, T, K]` of the network `VGSL` for images `[N, 1, 12, W]`."""
    y = functional.conv2d(x, tensors["C_0.co.weight"], tensors["C_0.co.bias"], stride=2, padding=1).relu()
    y = functional.group_norm(y, 2, tensors["Gn_1.layer.weight"], tensors["Gn_1.layer.bias"])
    y = functional.max_pool2d(y, 2)
    frames = torch.cat([y[:, :, row] for row in range(y.shape[2])], dim=1).transpose(1, 2)  # row by row
    lstm = nn.LSTM(12, 6, bidirectional=True, batch_first=True)
    prefix = "L_5.layer."
    lstm.load_state_dict({key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)})
    return functional.linear(lstm(frames)[0], tensors["O_7.lin.weight"], tensors["O_7.lin.bias"])


def meta(vgsl: str = VGSL, codec: object = None, **changes: Any) -> dict[str, Any]:
    """What kraken stores of a model of baselines."""
    described = {"_model": "TorchVGSLModel", "_tasks": ["recognition"], "seg_type": "baselines", "vgsl": vgsl}
    return {**described, "codec": CODEC if codec is None else codec, **changes}


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], models: Mapping[str, Any] | None = None) -> Path:
    """A `.safetensors` file with the weights of each of `models`, or of one."""
    models = {NAME: meta()} if models is None else models
    named = {f"{name}.nn.{key}": value.clone() for name in models for key, value in tensors.items()}
    save_file(named, path, {"kraken_meta": json.dumps(models)})
    return path


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number: int, content: bytes | str | int) -> bytes:
    """A field of a protobuf message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def floats(values: Tensor) -> bytes:
    """A message of CoreML with weights."""
    numbers = values.flatten().tolist()
    return field(1, struct.pack(f"<{len(numbers)}f", *numbers))


def coreml(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """The content of a `.mlmodel` file with the layers of the network `VGSL`."""
    entries = b"".join(field(100, field(1, key) + field(2, value)) for key, value in metadata.items())
    network = b"".join(field(1, layer) for layer in _layers(tensors))
    return field(1, 2) + field(2, field(100, field(1, "kraken model") + entries)) + field(500, network)


def metadata(**changes: Any) -> dict[str, str]:
    """The entries of a `.mlmodel` file; None leaves one out."""
    described = {"model_type": "recognition", "seg_type": "baselines", "one_channel_mode": "L"}
    entries = {"vgsl": VGSL, "codec": json.dumps(CODEC), "kraken_meta": json.dumps(described), **changes}
    return {key: value for key, value in entries.items() if value is not None}


def _layers(tensors: Mapping[str, Tensor]) -> Iterable[bytes]:
    kernel = tensors["C_0.co.weight"]
    sizes = field(1, kernel.shape[0]) + field(2, kernel.shape[1]) + field(20, bytes(kernel.shape[2:]))
    yield field(1, "C_0_conv") + field(
        100, sizes + field(90, floats(kernel)) + field(91, floats(tensors["C_0.co.bias"]))
    )
    scale, shift = tensors["Gn_1.layer.weight"], tensors["Gn_1.layer.bias"]
    yield field(1, "Gn_1") + field(500, field(10, "groupnorm") + field(20, floats(scale)) + field(20, floats(shift)))
    recurrent = field(1, 12) + field(2, 6)
    recurrent += b"".join(field(20, _gates(tensors, direction)) for direction in ("", "_reverse"))
    yield field(1, "L_5") + field(430, recurrent)
    head, bias = tensors["O_7.lin.weight"], tensors["O_7.lin.bias"]
    yield field(1, "O_7_lin") + field(
        140, field(1, head.shape[1]) + field(2, head.shape[0]) + field(20, floats(head)) + field(21, floats(bias))
    )


def _gates(tensors: Mapping[str, Tensor], direction: str) -> bytes:
    message = b""
    for part, first in (("weight_ih", 1), ("weight_hh", 20), ("bias_hh", 40)):
        gates = tensors[f"L_5.layer.{part}_l0{direction}"].chunk(4)
        message += b"".join(field(first + index, floats(gate)) for index, gate in enumerate(gates))
    return message
