"""Parameters and multiply-accumulates, against counts by hand."""

from __future__ import annotations

import torch
from torch import nn

from crnn_deploy.inspection.torch_facts import torch_macs, torch_parameters, torch_precision


class Recurrent(nn.Module):
    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layer(x)[0]
        return y


def test_convolution() -> None:
    model = nn.Conv2d(3, 8, 3, stride=2, padding=1)
    assert torch_macs(model, (1, 3, 16, 20)) == 8 * 10 * 8 * (3 * 3 * 3)
    assert torch_parameters(model) == 8 * 27 + 8


def test_depthwise_convolution_multiplies_one_channel_each() -> None:
    assert torch_macs(nn.Conv2d(6, 6, 3, padding=1, groups=6), (1, 6, 4, 5)) == 6 * 4 * 5 * 9


def test_linear_counts_every_frame() -> None:
    assert torch_macs(nn.Linear(7, 5), (1, 11, 7)) == 11 * 7 * 5


def test_recurrent_layers_count_both_directions_and_products() -> None:
    gru = Recurrent(nn.GRU(5, 4, bidirectional=True, batch_first=True))
    assert torch_macs(gru, (1, 10, 5)) == 10 * 2 * 3 * 4 * (5 + 4)
    lstm = Recurrent(nn.LSTM(5, 4, num_layers=2, batch_first=True))
    assert torch_macs(lstm, (1, 10, 5)) == 10 * 4 * 4 * ((5 + 4) + (4 + 4))


def test_running_statistics_are_no_parameters() -> None:
    assert torch_parameters(nn.BatchNorm2d(6)) == 12


def test_precision_is_that_of_the_weights() -> None:
    assert torch_precision(nn.Linear(2, 2)) == "fp32"
    assert torch_precision(nn.Linear(2, 2).half()) == "fp16"


def test_counting_leaves_the_model_as_it_was() -> None:
    model = nn.Linear(2, 2)
    torch_macs(model, (1, 2))
    assert not model._forward_hooks
