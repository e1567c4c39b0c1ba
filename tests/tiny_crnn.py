"""Small seeded recognisers of every kind, as artifacts, and images for them to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper
from PIL import Image
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.models.assembly import FAMILIES, build
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Architecture, ModelSpec

FAMILY = "tiny"
LABELS = tuple("abcdefgh")


class TinyCrnn(nn.Module):
    """`[N, 1, 16, W]` → `[N, W/4, 9]`, or `[N, 8]` for a classifier."""

    def __init__(self, options: dict[str, Any], classes: int, pool: bool) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *[nn.Conv2d(1, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()],
            *[nn.Conv2d(16, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d((2, 1))],
        )
        layer = {"gru": nn.GRU, "lstm": nn.LSTM}[options.get("rnn", "gru")]
        both = options.get("bidirectional", True)
        self.rnn = layer(32, 24, options.get("layers", 1), bidirectional=both, batch_first=True)
        self.head = nn.Linear(24 * (1 + both), classes)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(self.features(x).mean(2).transpose(1, 2))
        return self.head(y.mean(1) if self.pool else y)


def register(monkeypatch: Any) -> None:
    """Make the family known for the length of a test."""
    monkeypatch.setitem(
        FAMILIES,
        FAMILY,
        lambda spec: TinyCrnn(spec.architecture.options, spec.num_outputs, pool=spec.task == "classify"),
    )


def tiny_spec(task: str = "ctc", width: int | None = None, width_multiple: int = 4, **options: Any) -> ModelSpec:
    names = {"charset": LABELS} if task == "ctc" else {"class_names": LABELS}
    return ModelSpec(
        name="tiny",
        task=task,
        preprocessing=Preprocessing(height=16, width=width, width_multiple=width_multiple),
        architecture=Architecture(family=FAMILY, options=options),
        **names,
    )


def tiny_artifact(folder: Path, spec: ModelSpec, changes: dict[str, float] | None = None) -> Artifact:
    """A seeded model; `changes` sets the first element of the named tensors."""
    torch.manual_seed(0)
    model = build(spec)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    tensors = model.state_dict()
    tensors["head.weight"] *= 20  # so that different images read as different texts
    for name, value in (changes or {}).items():
        tensors[name].view(-1)[0] = value
    return write_safetensors(folder / "tiny.safetensors", tensors, spec, force=True)


def rows_as_logits(classes: int) -> list[onnx.NodeProto]:
    """A graph without weights: the topmost rows of `images` `[N, 1, H, W]` are the `logits` `[N, W, classes]`."""
    ends = {"starts": [0], "ends": [classes], "axes": [2]}
    return [
        *(helper.make_node("Constant", [], [name], value_ints=values) for name, values in ends.items()),
        helper.make_node("Constant", [], ["one"], value_ints=[1]),
        helper.make_node("Slice", ["images", *ends], ["rows"]),
        helper.make_node("Squeeze", ["rows", "one"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["logits"], perm=[0, 2, 1]),
    ]


def image_folder(folder: Path, count: int, seed: int = 0) -> Path:
    """Images of noise, of many widths."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for index in range(count):
        pixels = random.integers(0, 256, (16, int(random.integers(20, 90))), np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:03}.png")
    return folder
