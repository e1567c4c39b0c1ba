"""Parameters of the articles' networks: those that are built here, and those that the articles' figures would need."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from networks import Network, built
from torch import nn

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
LAYERS = ((512, 256), (1024, 256), (448, 128), (128, 128), (256, 256))
"""Channels of a step and hidden units: of the first and the further layers of the articles' networks."""
ARTICLE = {"resnet18-gru": 12.4, "resnet18-lstm": 15.7, "resnet18": 11.2}
"""The article's table: GRU-CNN, LSTM-CNN and ResNet-18, in millions."""
CELL_CHANNELS, ROW_CHANNELS = 512, 7 * 512  # of ResNet-18's map at 224 pixels: 49 cells, or 7 rows of 7 cells


@dataclass(frozen=True)
class Sizes:
    """Recurrent layers behind ResNet-18."""

    cell: str
    steps: str
    hidden: int
    layers: int
    bidirectional: bool

    def parameters(self, without_head: int) -> int:
        """With the convolutions' parameters and a head for 100 classes."""
        inputs = CELL_CHANNELS if self.steps == "cells" else ROW_CHANNELS
        with torch.device("meta"):
            layers = CELLS[self.cell](inputs, self.hidden, self.layers, bidirectional=self.bidirectional)
        outputs = self.hidden * (1 + self.bidirectional)
        return without_head + count(layers) + 100 * (outputs + 1)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def of_layers() -> list[dict[str, Any]]:
    """A layer of each cell, with PyTorch's two biases."""
    with torch.device("meta"):
        return [
            {"inputs": inputs, "hidden": hidden, **{name: count(cell(inputs, hidden)) for name, cell in CELLS.items()}}
            for inputs, hidden in LAYERS
        ]


def of_networks() -> dict[str, int]:
    """Networks at 32 pixels, 100 classes; the stem of 224 pixels has 7,680 more."""
    texts = ("resnet18", "resnet18-gru", "resnet18-lstm", "cnn-gru", "cnn-lstm:channels=64,hidden=256")
    with torch.device("meta"):
        return {text: count(built(Network(text, text, 32))[1]) for text in texts}


def that_give(millions: float, cell: str, without_head: int) -> Iterator[dict[str, Any]]:
    """Sizes of recurrent layers behind ResNet-18 whose sum, rounded, is the article's figure."""
    for steps, hidden, layers, both in itertools.product(("cells", "rows"), (128, 256, 512), (1, 2, 3), (False, True)):
        sizes = Sizes(cell, steps, hidden, layers, both)
        if round(sizes.parameters(without_head) / 1e6, 1) == millions:
            yield asdict(sizes)


def measured() -> dict[str, Any]:
    networks = of_networks()
    with torch.device("meta"):
        large = count(built(Network("resnet18", "resnet18", 224))[1])
    without_head = large - 100 * (CELL_CHANNELS + 1)
    gru, lstm = ARTICLE["resnet18-gru"], ARTICLE["resnet18-lstm"]
    return {
        "layers": of_layers(),
        "networks": networks,
        "resnet18_at_224": large,
        "article_millions": ARTICLE,
        "sizes_that_give": {
            text: list(that_give(ARTICLE[text], text.removeprefix("resnet18-"), without_head))
            for text in ("resnet18-gru", "resnet18-lstm")
        },
        # The same layers have 3 parts as GRU and 4 as LSTM: rest + 3 x = gru, rest + 4 x = lstm.
        "article_rest_millions": gru - 3 * (lstm - gru),
        # (without_head + 3 x) / (without_head + 4 x) = 0.79
        "gru_for_21_percent_millions": 3 * without_head * 0.21 / (4 * 0.79 - 3) / 1e6,
    }
