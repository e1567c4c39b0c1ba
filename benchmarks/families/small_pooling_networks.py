"""Small CRNNs of the forms that public repositories have whose rows are pooled; see `small_networks.py`."""

from __future__ import annotations

import torch
from small_networks import CLASSES, features
from torch import Tensor, nn
from torch.nn import functional


class Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        out += self.shortcut(x)
        return functional.relu(out)


class ColumnMaximum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 8, 7, (4, 2), 3), nn.ReLU(), Residual(8, 12), nn.MaxPool2d(2, 2))
        self.rec = nn.GRU(12, 8, 3, bidirectional=True, dropout=0.2)
        self.fnl = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, CLASSES))
        self.top = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(12, CLASSES, (1, 3), 1, (0, 1)))

    def pooled(self, x: Tensor) -> Tensor:
        y = self.cnn(x)
        return functional.max_pool2d(y, [y.size(2), 1], stride=[y.size(2), 1], padding=[0, 0])

    def forward(self, x: Tensor) -> Tensor:
        return self.fnl(self.rec(self.pooled(x).permute(2, 3, 0, 1)[0])[0])


class TwoHeads(ColumnMaximum):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        y = self.pooled(x)
        return self.fnl(self.rec(y.permute(2, 3, 0, 1)[0])[0]), self.top(y).permute(2, 3, 0, 1)[0]


class AdaptiveHeight(nn.Module):
    def __init__(self, size: tuple[int | None, int | None] = (None, 1)) -> None:
        super().__init__()
        self.features = features(8, 12, 16)
        self.pool = nn.AdaptiveAvgPool2d(size)
        self.rnn = nn.LSTM(16, 8, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        visual = self.pool(self.features(x).permute(0, 3, 1, 2)).squeeze(3)
        self.rnn.flatten_parameters()
        return self.head(self.rnn(visual)[0].contiguous())


class AdaptiveFrames(AdaptiveHeight):
    """A fixed number of frames, which does not divide the columns."""

    def __init__(self) -> None:
        super().__init__((1, 10))

    def forward(self, x: Tensor) -> Tensor:
        frames = self.pool(self.features(x)).squeeze(2).transpose(1, 2)
        return self.head(self.rnn(frames)[0])


class AdaptiveUnevenRows(nn.Module):
    """Pools 8 rows to 3, whose windows overlap."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 12, 3, 2, 1), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d((3, None))
        self.rnn = nn.GRU(36, 8, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.pool(self.features(x)).flatten(1, 2).transpose(1, 2))[0])


class MeanHeight(AdaptiveHeight):
    def forward(self, x: Tensor) -> Tensor:
        frames = torch.mean(self.features(x), dim=2).permute(0, 2, 1)
        return functional.softmax(self.head(self.rnn(frames)[0]), dim=2)


class StatesPassedIn(AdaptiveHeight):
    def forward(self, x: Tensor) -> Tensor:
        frames = self.features(x).mean(2).permute(0, 2, 1)
        state = torch.zeros(2, frames.size(0), 8, device=x.device)
        return self.head(self.rnn(frames, (state, state))[0])


class ConvolutionHead(AdaptiveHeight):
    """`[N, K, T]`, from a one-dimensional convolution behind the LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv1d(16, CLASSES, 1)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.features(x).mean(2).transpose(1, 2))[0].transpose(1, 2))


class AtrousHead(AdaptiveHeight):
    """The head is a 1×1 convolution over `[N, 2H, 1, T]`."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(16, CLASSES, 1)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        frames = self.rnn(self.features(x).mean(2).transpose(1, 2))[0]
        return self.head(frames.permute(0, 2, 1).unsqueeze(2)).squeeze(2).permute(2, 0, 1)
