"""The input shape at which a network is traced, and other shapes at which the result is tested."""

from __future__ import annotations

from crnn_deploy.data.network_inputs import InputShape
from crnn_deploy.preprocessing import Preprocessing

# A batch of 1 would be frozen into the graph as a constant by some of PyTorch's operators.
_TRACE_BATCH = 2
_TRACE_ASPECT = 3.0
_UNSEEN_BATCHES = (1, 3)
_WIDEST = 4096
_UNSEEN_ASPECTS = (1.1, 2.3, 5.7)


def trace_shape(preprocessing: Preprocessing) -> InputShape:
    """`(N, C, H, W)` of the example that the exporter follows."""
    return _shape(preprocessing, _TRACE_BATCH, _TRACE_ASPECT, odd=False)


def unseen_shapes(preprocessing: Preprocessing) -> list[InputShape]:
    """Shapes `(N, C, H, W)` that differ from the trace in the batch and, unless it is fixed, in the width too."""
    shapes = {_shape(preprocessing, n, aspect, odd=True) for n in _UNSEEN_BATCHES for aspect in _UNSEEN_ASPECTS}
    return sorted(shapes)


def extreme_shapes(preprocessing: Preprocessing) -> list[InputShape]:
    """The narrowest and the widest input `(1, C, H, W)`, of those that are no wider than usual lines."""
    p = preprocessing
    widths = {p.with_padding(p.min_width), min(p.widest, p.with_padding(_WIDEST))} if p.width is None else {p.width}
    return [(1, p.channel_count, p.height, width) for width in sorted(widths)]


def _shape(preprocessing: Preprocessing, batch: int, aspect: float, odd: bool) -> InputShape:
    """A shape `aspect` times as wide as high, about: an odd or even multiple, so that the two are never the same."""
    p = preprocessing
    width = p.width
    if width is None:
        wanted = min(p.max_width, max(p.min_width, round(aspect * p.height)))
        multiples = -(-wanted // p.width_multiple)
        width = (multiples + (multiples % 2 != odd)) * p.width_multiple
    return batch, p.channel_count, p.height, width
