"""Convolutions and linear layers as the quantized model computes them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from crnn_deploy.training.qat.rounding import round_rows


class RoundedConvolution:
    """A convolution with INT8 weights, its batch norm folded into them with frozen statistics.

    Folding happens at each call. So the parameters keep their meaning, and optimizer states and moving averages stay
    valid. Scale and bias of the batch norm are still trained (Krishnamoorthi, arXiv 1806.08342, section 3.2.2.2).
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
    """A linear layer with INT8 weights; its result is not rounded, because it comes from the accumulators as float."""

    def __init__(self, layer: nn.Linear) -> None:
        self.layer = layer

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, round_rows(self.layer.weight), self.layer.bias)


def folds(norm: nn.BatchNorm2d) -> bool:
    """Whether a batch norm has the parameters and statistics that folding needs."""
    return norm.affine and norm.track_running_stats


def pass_on(x: Tensor) -> Tensor:
    """Identity: the batch norm is folded into the convolution."""
    return x


def _folded(weight: Tensor, bias: Tensor | None, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with its batch norm folded in."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    factor = norm.weight * torch.rsqrt(variance + norm.eps)
    offset = -mean if bias is None else bias - mean
    return weight * factor.reshape(-1, 1, 1, 1), norm.bias + offset * factor
