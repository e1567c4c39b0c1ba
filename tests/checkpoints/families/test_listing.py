"""Layers take their sizes from the weights of a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from crnn_deploy.checkpoints.families.family import Checkpoint
from crnn_deploy.checkpoints.families.listing import convolution
from crnn_deploy.errors import InputError


def test_a_convolution_has_the_sizes_of_its_weights() -> None:
    tensors = {"a.weight": torch.zeros(6, 4, 5, 3), "a.bias": torch.zeros(6), "b.weight": torch.zeros(6, 1, 3, 3)}
    checkpoint = Checkpoint(Path("x.pth"), tensors, {}, "")
    plain = convolution(checkpoint, "a")
    assert (plain.inputs, plain.outputs, plain.kernel, plain.padding, plain.bias) == (4, 6, (5, 3), (2, 1, 2, 1), True)
    assert convolution(checkpoint, "a", margin=(0, 1)).padding == (0, 1, 0, 1)
    each = convolution(checkpoint, "b", (2, 1), depthwise=True)
    assert (each.inputs, each.groups, each.stride, each.bias) == (6, 6, (2, 1), False)
    with pytest.raises(InputError, match=r"c\.weight in x\.pth has the shape \[\]"):
        convolution(checkpoint, "c")
