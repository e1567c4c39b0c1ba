"""MMOCR's CRNN: equal to a reference with its names; the version tells where the blank is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model

CHANNELS = (3, 4, 5, 5, 6, 6, 7)
POOLS = {0: nn.MaxPool2d(2), 1: nn.MaxPool2d(2), 3: nn.MaxPool2d(2, (2, 1), (0, 1)), 5: nn.MaxPool2d(2, (2, 1), (0, 1))}


class BiLstm(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, 5, bidirectional=True)
        self.embedding = nn.Linear(10, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.embedding(self.rnn(x)[0])
        return y


class Reference(nn.Module):
    """MiniVGG (`backbone.cnn`) and the CRNN decoder (`decoder.decoder`) of MMOCR: `[N, C, 32, W]` → `[N, T, K]`."""

    def __init__(self, outputs: int = 37, colours: int = 1) -> None:
        super().__init__()
        self.backbone, self.decoder = nn.Module(), nn.Module()
        cnn = nn.Sequential()
        for index, channels in enumerate(CHANNELS):
            inputs = CHANNELS[index - 1] if index else colours
            kernel, padding = (2, 0) if index == 6 else (3, 1)
            cnn.add_module(f"conv{index}", nn.Conv2d(inputs, channels, kernel, 1, padding))
            if index in (2, 4, 6):
                cnn.add_module(f"batchnorm{index}", nn.BatchNorm2d(channels))
            cnn.add_module(f"relu{index}", nn.ReLU())
            if index in POOLS:
                cnn.add_module(f"pooling{index}", POOLS[index])
        self.backbone.cnn = cnn
        self.decoder.decoder = nn.Sequential(BiLstm(7, 5), BiLstm(5, outputs))

    def forward(self, x: Tensor) -> Tensor:
        frames = self.backbone.cnn(x).squeeze(2).permute(2, 0, 1)
        logits: Tensor = self.decoder.decoder(frames).permute(1, 0, 2)
        return logits


def importing(folder: Path, model: nn.Module, **beside: Any) -> Artifact:
    torch.save({"state_dict": model.state_dict(), **beside}, folder / "crnn.pth")
    config = ImportConfig(checkpoint=folder / "crnn.pth", output=folder / "out.safetensors", force=True)
    return import_checkpoint(config)


@pytest.mark.parametrize("colours", [1, 3])
def test_logits_equal_those_of_the_reference(tmp_path: Path, colours: int) -> None:
    torch.manual_seed(0)
    model = Reference(colours=colours)
    with torch.no_grad():
        model(torch.randn(4, colours, 32, 60))  # statistics of batch normalisation
        model.eval()
        x = torch.randn(2, colours, 32, 80)
        torch.testing.assert_close(load_model(importing(tmp_path, model))(x), model(x), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("meta", "blank", "width"),
    [
        ({"mmcv_version": "1.4.8", "mmocr_version": "0.6.0"}, 0, 100),
        ({"mmengine_version": "0.7.1", "cfg": "…"}, 36, None),
        (None, 36, None),
    ],
)
def test_the_version_tells_blank_and_width(tmp_path: Path, meta: object, blank: int, width: int | None) -> None:
    spec = importing(tmp_path, Reference(), **({"meta": meta} if meta else {})).spec
    assert (spec.blank, spec.preprocessing.width) == (blank, width)
    assert "".join(spec.charset) == "0123456789abcdefghijklmnopqrstuvwxyz"


def test_a_class_for_unknown_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="for unknown characters"):
        importing(tmp_path, Reference(outputs=38))


def test_another_charset_needs_a_spec(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        importing(tmp_path, Reference(outputs=90))
