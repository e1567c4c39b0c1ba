"""Small CRNNs of the forms that public repositories have, with narrow layers; `small_sources.py` exports them.

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
