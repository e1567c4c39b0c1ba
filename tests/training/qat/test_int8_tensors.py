"""What becomes INT8, in networks whose answer is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from crnn_deploy.training.qat.int8_tensors import Product, survey

IMAGES = torch.zeros(1, 3, 8, 8)


class Block(nn.Module):
    """x + conv(relu(norm(conv(x)))), with a ReLU that is no module."""

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.project = nn.Conv2d(6, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.project(self.norm(self.expand(x)).relu())


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(), Block())
        self.pool = nn.MaxPool2d(2)
        self.last = nn.Conv2d(3, 4, 1)
        self.unused = nn.Linear(1, 1)
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.last(self.pool(self.blocks(x))).mean((2, 3)))


def test_a_residual_network():
    assert survey(Net(), IMAGES) == [
        # The image enters both branches of the block, which is the first thing that the network does.
        Product("blocks.0.expand", "blocks.0.norm", True, "", True),
        Product("blocks.0.project", None, True, None, False),
        Product("blocks.1.expand", "blocks.1.norm", True, "blocks.1", True),
        Product("blocks.1.project", None, True, None, False),
        Product("last", None, True, "last", False),
        Product("head", None, True, "head", False),
    ]


@pytest.mark.parametrize(
    ("activation", "int8", "rectified"),
    [(nn.ReLU(), True, True), (nn.ReLU(inplace=True), True, True), (nn.Hardswish(), False, False)],
    ids=str,
)
def test_depthwise_convolutions_stay_float_beside_float(activation, int8, rectified):
    net = nn.Sequential(nn.Conv2d(3, 3, 3, groups=3), nn.BatchNorm2d(3), activation, nn.Conv2d(3, 4, 1))
    first, last = survey(net, IMAGES)
    assert (first.int8, first.rectified) == (int8, rectified)
    assert last.entrance == (None if int8 else "3")


def test_pooling_keeps_int8():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 1))
    assert survey(net, IMAGES)[1].entrance is None


def test_a_norm_is_folded_only_where_nothing_else_reads_the_convolution():
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, x: Tensor) -> Tensor:
            y = self.conv(x)
            return F.relu(y) + self.norm(y)

    (product,) = survey(Branching(), IMAGES)
    assert product.norm is None
    assert not product.rectified


def test_the_model_is_left_as_it_was():
    net = Net().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    survey(net, IMAGES)
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())
