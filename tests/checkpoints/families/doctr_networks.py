"""docTR's CRNNs with the names of their weights, from its paper and documentation; every size is smaller."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STAGES = ((4, 4), (5, 5), (6, 6, 6), (7, 7, 7), (8, 8, 8))


class Reference(nn.Module):
    """docTR's CRNN as its paper and documentation describe it."""

    def __init__(self, features: nn.Module, channels: int, outputs: int, rows: int = 1) -> None:
        super().__init__()
        self.feat_extractor = features
        self.decoder = nn.LSTM(channels * rows, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(12, outputs)

    def forward(self, x: Tensor) -> Tensor:
        features = self.feat_extractor(x)
        frames = features.reshape(x.shape[0], -1, features.shape[3]).transpose(1, 2)
        logits: Tensor = self.linear(self.decoder(frames)[0])
        return logits


def vgg() -> nn.Sequential:
    modules: list[nn.Module] = []
    channels = 3
    for number, stage in enumerate(STAGES):
        for outputs in stage:
            modules += [nn.Conv2d(channels, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
            channels = outputs
        modules.append(nn.MaxPool2d((2, 2) if number < 2 else (2, 1)))
    return nn.Sequential(*modules)


class Squeeze(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, 3, 1), nn.Conv2d(3, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        scale = self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * nn.functional.hardsigmoid(scale)


def unit(
    inputs: int, outputs: int, kernel: int, stride: object, act: type[nn.Module] | None, groups: int = 1
) -> object:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)  # type: ignore[arg-type]
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs, eps=1e-3), *([act()] if act else []))


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: object, act: type[nn.Module], se: bool) -> None:
        super().__init__()
        wide = 2 * inputs if outputs != inputs or stride == 1 else inputs
        parts = [unit(inputs, wide, 1, 1, act)] if wide != inputs else []
        parts.append(unit(wide, wide, kernel, stride, act, wide))
        parts += [Squeeze(wide)] if se else []
        self.block = nn.Sequential(*parts, unit(wide, outputs, 1, 1, None))  # type: ignore[arg-type]
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.block(x)
        return x + y if self.adds else y


def mobilenet(small: bool) -> nn.Sequential:
    """Strides and activations of MobileNetV3 small or large, with docTR's three strides of height only."""
    count, first = (11, 4) if small else (15, 7)
    high = {1: 2, 2: (2, 1), 4: (2, 1), 9: (2, 1)} if small else {2: 2, 4: (2, 1), 7: (2, 1), 13: (2, 1)}
    modules = [unit(3, 4, 3, 2, nn.Hardswish)]
    for place in range(1, count + 1):
        act = nn.Hardswish if place >= first else nn.ReLU
        modules.append(Block(4, 4, 5 if place > 3 else 3, high.get(place, 1), act, place % 2 == 0))
    return nn.Sequential(*modules, unit(4, 9, 1, 1, nn.Hardswish))  # type: ignore[arg-type]
