"""Small CRNNs of the forms that public repositories have, with narrow layers; `small_sources.py` exports them.

Here convolutions leave one row, or rows are joined; those of `small_pooling_networks.py` pool the rows.

Written from the facts of each source: its order of layers, its step from images to sequences, its output. Each takes
images `[N, C, 32, W]` unless it says otherwise, and `forward` keeps the idioms that decide whether an export works.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 11


def features(*widths: int, colours: int = 1, last: tuple[int, int] = (2, 2)) -> nn.Sequential:
    """Convolutions with batch normalisation, each halving the height; the width is halved by the first two."""
    layers: list[nn.Module] = []
    for index, width in enumerate(widths):
        pool = nn.MaxPool2d(2, 2) if index < 2 else nn.MaxPool2d((2, 2), (2, 1), (0, 1))
        layers += [nn.Conv2d(colours, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU(True), pool]
        colours = width
    return nn.Sequential(*layers, nn.Conv2d(colours, colours, last, 1, 0), nn.ReLU(True))


class Bidirectional(nn.Module):
    """An LSTM and a linear layer over `[T·N, C]`, with sizes taken apart and put together again."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, bidirectional=True)
        self.embedding = nn.Linear(2 * hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(x)
        frames, images, size = y.size()
        return self.embedding(y.view(frames * images, size)).view(frames, images, -1)


class SqueezeHeight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cnn = features(8, 12, 16, 24)
        self.rnn = nn.Sequential(Bidirectional(24, 12, 12), Bidirectional(12, 12, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        conv = self.cnn(x)
        _, _, height, _ = conv.size()
        assert height == 1, "the height of conv must be 1"
        return self.rnn(conv.squeeze(2).permute(2, 0, 1))


class LogSoftmaxLast(SqueezeHeight):
    def forward(self, x: Tensor) -> Tensor:
        return functional.log_softmax(super().forward(x), dim=2)


class MapToSequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cnn = features(8, 12, 16)
        self.map_to_seq = nn.Linear(16 * 3, 12)
        self.rnn1 = nn.LSTM(12, 12, bidirectional=True)
        self.rnn2 = nn.LSTM(24, 12, bidirectional=True)
        self.dense = nn.Linear(24, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        conv = self.cnn(x)
        batch, channel, height, width = conv.size()
        frames = self.map_to_seq(conv.view(batch, channel * height, width).permute(2, 0, 1))
        return self.dense(self.rnn2(self.rnn1(frames)[0])[0])


class InstanceNormGru(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, stride in ((1, 8, 1), (8, 8, 2), (8, 12, 1), (12, 12, 2)):
            layers += [nn.Conv2d(inputs, outputs, 3, stride), nn.InstanceNorm2d(outputs), nn.LeakyReLU(inplace=True)]
        self.cnn = nn.Sequential(*layers)
        self.size = 12 * 5
        self.rnn = nn.GRU(self.size, 12, 2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(24, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        images = x.shape[0]
        frames = self.cnn(x).permute(0, 3, 2, 1).reshape(images, -1, self.size)
        return functional.log_softmax(self.fc(self.rnn(frames)[0]), dim=-1)


class DepthwiseLite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU(True)]
        for inputs, outputs, pool in ((8, 16, (2, 2)), (16, 24, (2, 1)), (24, 24, (2, 1))):
            layers += [nn.Conv2d(inputs, inputs, 3, 1, 1, groups=inputs), nn.BatchNorm2d(inputs), nn.ReLU(True)]
            layers += [nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.ReLU(True), nn.MaxPool2d(pool)]
        self.cnn = nn.Sequential(*layers, nn.Conv2d(24, 24, 2, 1, 0))
        self.rnn = nn.Sequential(Bidirectional(24, 8, 16), Bidirectional(16, 4, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(self.cnn(x).squeeze(2).permute(2, 0, 1))


class UnusedBranch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 12, 3, padding=1)
        self.mp = nn.MaxPool2d(2, 2)
        self.l1 = nn.Linear(12 * 8, 16)
        self.lstm1 = nn.LSTM(16, 8, 2, batch_first=True, bidirectional=True)  # never called
        self.gru1 = nn.GRU(16, 8, 3, batch_first=True, dropout=0.2, bidirectional=True)
        self.l2 = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mp(functional.relu(self.conv2(self.mp(functional.relu(self.conv1(x))))))
        x = x.permute(0, 3, 1, 2)
        x = x.view(x.shape[0], x.shape[1], -1)
        return self.l2(self.gru1(functional.relu(self.l1(x)))[0])


class GruOverImages(UnusedBranch):
    """Without `batch_first`: its GRU runs from image to image, not from frame to frame."""

    def __init__(self) -> None:
        super().__init__()
        self.gru1 = nn.GRU(16, 8, 2, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).permute(1, 0, 2)


class JoinedRows(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 8, 3, (4, 2), 1), nn.ReLU(), nn.Conv2d(8, 12, 3, 2, 1), nn.ReLU())
        self.rec = nn.LSTM(12 * 4, 8, 2, bidirectional=True)
        self.fnl = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        y = self.cnn(x)
        y = y.view(y.size(0), -1, 1, y.size(3))
        return self.fnl(self.rec(y.permute(2, 3, 0, 1)[0])[0])


class TwoDirections(SqueezeHeight):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.Identity()  # type: ignore[assignment]
        self.fw_rnn, self.bw_rnn = nn.LSTM(24, 8), nn.LSTM(24, 8)
        self.embedding = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        frames = super().forward(x)
        backward = torch.flip(self.bw_rnn(torch.flip(frames, [0]))[0], [0])
        return self.embedding(torch.cat((self.fw_rnn(frames)[0], backward), 2))


class WidthFirst(SqueezeHeight):
    """Takes `[N, W, 32, 1]`, as Keras and TensorFlow recognisers do that treat columns as rows."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.softmax(super().forward(x.permute(0, 3, 2, 1)).transpose(0, 1), dim=-1)


class BestClasses(SqueezeHeight):
    """Gives the best class of each frame instead of logits."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).argmax(2).transpose(0, 1).float()


class PixelsInside(SqueezeHeight):
    """Normalises pixels from 0 to 255 itself."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward((x / 255 - 0.5) / 0.5)
