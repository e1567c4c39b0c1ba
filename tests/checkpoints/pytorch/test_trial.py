"""What a network does on small images before it is imported."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.checkpoints.pytorch.trial import check_forward
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

SPEC = ModelSpec(name="own", charset="ab", preprocessing=Preprocessing(height=16))


class Reader(nn.Module):
    """`[N, 1, 16, W]` → `[N, W/4, 3]`, changed by `change`."""

    def __init__(self, change: str = "") -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, (16, 4), (1, 4))
        self.change = change

    def forward(self, images: Tensor) -> Tensor:
        logits = self.conv(images).squeeze(2).transpose(1, 2)
        if self.change == "random":
            return logits + torch.randn_like(logits)
        if self.change == "batch":
            return logits - logits.mean(0, keepdim=True)
        if self.change == "nothing":
            return logits[:, :0]
        if self.change == "bfloat16":
            return logits.bfloat16()
        if self.change == "exit":
            raise SystemExit(0)
        return logits


@pytest.mark.parametrize("change", ["", "bfloat16"])
def test_a_sound_network_passes(change: str) -> None:
    check_forward(Reader(change), SPEC)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("random", "other outputs each time"),
        ("batch", "reads an image differently when others are beside it"),
        ("nothing", "on a small image: nothing"),
        ("exit", "fails on an image batch"),
    ],
)
def test_a_network_that_cannot_be_trusted_is_refused(change: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_forward(Reader(change), SPEC)
