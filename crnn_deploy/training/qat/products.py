"""Convolutions and linear layers as the quantized model computes them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from crnn_deploy.training.qat.rounding import round_rows


class RoundedConvolution:
    """A convolution with INT8 weights, its batch norm folded into them with frozen statistics.

    Folding happens at each call, so that the parameters, and with them optimizer states and moving averages, mean what
    they did before. Batch norm's scale and bias still learn (Krishnamoorthi, arXiv 1806.08342, section 3.2.2.2).
    """

    def __init__(self, layer: nn.Conv2d, norm: nn.BatchNorm2d | None) -> None:
        self.layer = layer
        self.norm = norm

    def __call__(self, x: Tensor) -> Tensor:
        weight, bias = self.layer.weight, self.layer.bias
        if self.norm is not None:
            weight, bias = _folded(weight, bias, self.norm)
        y: Tensor = self.layer._conv_forward(x, round_rows(weight), bias)
        return y


class RoundedLinear:
    """A linear layer with INT8 weights; its result comes straight from the accumulators, in float."""

    def __init__(self, layer: nn.Linear) -> None:
        self.layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, round_rows(self.layer.weight), self.layer.bias)


def folds(norm: nn.BatchNorm2d) -> bool:
    """Whether a batch norm has all that it takes to fold it."""
    return norm.affine and norm.track_running_stats


def pass_on(x: Tensor) -> Tensor:
    """What is left of a batch norm once it is folded."""
    return x


def _folded(weight: Tensor, bias: Tensor | None, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that does its batch norm's work too."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    factor = norm.weight * torch.rsqrt(variance + norm.eps)
    offset = -mean if bias is None else bias - mean
    return weight * factor.reshape(-1, 1, 1, 1), norm.bias + offset * factor
