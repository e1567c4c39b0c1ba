"""The layers that PyTorch does not have as modules of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crnn_deploy.models.layers.options import Columns, Convolution, Mean, Pooling, Recurrent, Sequence
from crnn_deploy.models.layers.stepwise import StepwiseRecurrence
from crnn_deploy.models.recurrent import CELLS


class PaddedConvolution(nn.Conv2d):
    """A convolution whose margins may differ on opposite sides, as those of Keras do."""

    def __init__(self, options: Convolution) -> None:
        top, left, bottom, right = options.padding
        same = (top, left) == (bottom, right)
        super().__init__(
            options.inputs,
            options.outputs,
            options.kernel,
            options.stride,
            padding=(top, left) if same else 0,
            dilation=options.dilation,
            groups=options.groups,
            bias=options.bias,
        )
        self._margins = None if same else (left, right, top, bottom)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self._margins is None else nn.functional.pad(x, self._margins))


class ImageGroupNorm(nn.GroupNorm):
    """Group normalisation that computes alike in all runtimes.

    On blank paper a group is nearly constant, and a mean that is off in its last bits makes a difference of hundreds of
    times that. ONNX Runtime sums thousands of columns one after the other; so the mean of what is left after a first
    mean counts as well, of the numbers and of their squares.
    """

    def forward(self, x: Tensor) -> Tensor:
        groups = x.reshape(x.shape[0], self.num_groups, -1)
        centred = groups - groups.mean(-1, keepdim=True)
        centred = centred - centred.mean(-1, keepdim=True)
        squares = centred * centred
        rough = squares.mean(-1, keepdim=True)
        variance = rough + (squares - rough).mean(-1, keepdim=True)
        normal = (centred / (variance + self.eps).sqrt()).reshape(x.shape)
        return normal * self.weight[:, None, None] + self.bias[:, None, None]


class UnevenMaxPooling(nn.MaxPool2d):
    """The largest value in each window, with more padding below or on the right, as Keras pads.

    Repeated edges are padding that does not count: each window that holds a copy of an edge holds the edge itself.
    """

    def __init__(self, options: Pooling) -> None:
        super().__init__(options.kernel, options.stride, options.padding, ceil_mode=options.partial)
        self._margins = (0, options.more[1], 0, options.more[0])

    def forward(self, x: Tensor) -> Tensor:
        largest: Tensor = super().forward(nn.functional.pad(x, self._margins, mode="replicate"))
        return largest


class SequenceNorm(nn.BatchNorm1d):
    """Batch normalisation of the channels of `[N, T, C]` or `[N, C]`."""

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 2:
            return super().forward(x)
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class MeanOver(nn.Module):
    """The mean over the height or the whole picture, which stay as axes of size 1, or over the frames of a sequence."""

    def __init__(self, options: Mean) -> None:
        super().__init__()
        self._axes, self._keep = {"height": ((2,), True), "picture": ((2, 3), True), "frames": ((1,), False)}[
            options.over
        ]

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(self._axes, keepdim=self._keep)


class Sum(nn.Module):
    """The sum of two branches."""

    def __init__(self, body: nn.Sequential, shortcut: nn.Sequential) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = self.body(x) + self.shortcut(x)
        return total


class Gated(nn.Module):
    """The input times what the body makes of it."""

    def __init__(self, body: nn.Sequential) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        product: Tensor = x * self.body(x)
        return product


class Frames(nn.Module):
    """`[N, C, H, W]` → `[N, T, features]`."""

    def __init__(self, options: Sequence) -> None:
        super().__init__()
        frames = {"width": (3,), "height": (2,), "pixels": (2, 3)}[options.along]
        rest = tuple(axis for axis in (1, 2, 3) if axis not in frames)
        self._axes = (0, *frames, *(rest if options.order == "channels" else rest[::-1]))
        self._first_feature = 1 + len(frames)

    def forward(self, x: Tensor) -> Tensor:
        moved = x.permute(self._axes).flatten(self._first_feature)
        return moved if self._first_feature == 2 else moved.flatten(1, 2)


class RecurrentLayer(nn.Module):
    """An LSTM or GRU: `[N, T, C]` → `[N, T, D]`, or `[N, D]` after the last frame of each direction."""

    def __init__(self, options: Recurrent) -> None:
        super().__init__()
        both = options.direction == "both"
        self.rnn = (
            CELLS[options.kind](options.inputs, options.hidden, options.layers, batch_first=True, bidirectional=both)
            if options.is_standard
            else StepwiseRecurrence(options)
        )
        self._reverse = options.direction == "reverse"
        self._merge = options.merge if both else "concatenate"
        self._last = options.result == "last"

    def forward(self, x: Tensor) -> Tensor:
        y, state = self.rnn(x.flip(1) if self._reverse else x)
        if self._last:
            return self._merged(_last_states(state, self.rnn.bidirectional))
        return self._merged(y.flip(1) if self._reverse else y)

    def _merged(self, y: Tensor) -> Tensor:
        if self._merge == "concatenate":
            return y
        forward, backward = y.chunk(2, -1)
        if self._merge == "product":
            return forward * backward
        return forward + backward if self._merge == "sum" else (forward + backward) / 2


class RecurrentColumns(nn.Module):
    """An LSTM or GRU over the height of each column: `[N, C, H, W]` → `[N, D, H, W]`, or `[N, D, 1, W]`."""

    def __init__(self, options: Columns) -> None:
        super().__init__()
        both = options.direction == "both"
        self.rnn = CELLS[options.cell](options.inputs, options.hidden, batch_first=True, bidirectional=both)
        self._reverse = options.direction == "reverse"
        self._last = options.result == "last"

    def forward(self, x: Tensor) -> Tensor:
        columns = x.permute(0, 3, 2, 1).flatten(0, 1)  # [N·W, H, C]
        y, state = self.rnn(columns.flip(1) if self._reverse else columns)
        if self._last:
            y = (y[:, -1] if self.rnn.bidirectional else _last_states(state, both=False)).unsqueeze(1)
        elif self._reverse:
            y = y.flip(1)
        images: Tensor = y.reshape(x.shape[0], x.shape[3], y.shape[1], -1).permute(0, 3, 2, 1)
        return images


def _last_states(state: Tensor | tuple[Tensor, Tensor], both: bool) -> Tensor:
    """h of the last layer after the last frame, `[N, D]`, the directions beside each other."""
    h = state[0] if isinstance(state, tuple) else state
    return torch.cat([h[-2], h[-1]], -1) if both else h[-1]
