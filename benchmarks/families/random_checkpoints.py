"""Checkpoints with random weights of families that have no package here, in the sizes of their authors.

The networks are the references of the tests, which hold the names of weights: run with `PYTHONPATH=tests`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from checkpoints.families.four_stages import FourStages, with_random_weights
from checkpoints.families.test_crnn_pytorch import Bidirectional, Reference
from checkpoints.families.thin_plate_spline import SpatialTransformer
from torch import Tensor, nn

Weights = Mapping[str, Tensor]
_SPREAD = 20.0  # of the head


def deep_text(features: str, hidden: int | None, tps: bool) -> Weights:
    transformer = SpatialTransformer(narrow=1) if tps else None
    network = FourStages(features, 512, hidden, transformation=transformer)
    return _spread(with_random_weights(network), network.Prediction, 32)


def easyocr_g1() -> Weights:
    network = FourStages("resnet", 512, 512, 177)
    return _spread(with_random_weights(network), network.Prediction, 64)


def crnn_pytorch() -> Weights:
    torch.manual_seed(0)
    network = Reference(37, narrow=1).eval()
    network.rnn = nn.Sequential(Bidirectional(512, 256, 256), Bidirectional(256, 256, 37))
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return _spread(network, network.rnn[1].embedding, 32)


def mmocr() -> Weights:
    """crnn.pytorch's network has MMOCR's shapes; the blank of 1.x comes last."""
    parts = {"cnn.": "backbone.cnn.", "rnn.": "decoder.decoder."}
    return {
        next(name.replace(old, new, 1) for old, new in parts.items() if name.startswith(old)): tensor
        for name, tensor in crnn_pytorch().items()
    }


@torch.no_grad()
def _spread(network: nn.Module, head: nn.Linear, height: int) -> Weights:
    """With a head that reads something: logits of random weights are nearly alike, and every frame reads the same."""
    noise = torch.rand(8, 1, height, 100) * 2 - 1
    head.weight *= _SPREAD
    head.bias -= network(noise).mean((0, 1))
    return network.state_dict()


RANDOM: dict[str, tuple[str, Callable[[], Weights]]] = {
    "easyocr-g1": ("thai.pth", easyocr_g1),
    "crnn-pytorch": ("crnn.pth", crnn_pytorch),
    "mmocr": ("crnn_mini-vgg.pth", mmocr),
} | {
    f"deep-text {'TPS' if tps else 'None'}-{features}-{'BiLSTM' if hidden else 'None'}": (
        "best_accuracy.pth",
        lambda features=features, hidden=hidden, tps=tps: deep_text(features.lower(), hidden, tps),
    )
    for tps in (False, True)
    for features in ("VGG", "RCNN", "ResNet")
    for hidden in (None, 256)
}
"""Name of the case → name of the file, and its weights."""


def write(name: str, folder: Path) -> Path:
    """Write the checkpoint of a case; returns its path."""
    file, weights = RANDOM[name]
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(weights(), folder / file)
    return folder / file
