"""Which input shapes the network is traced at, and which others it is then tested at."""

from __future__ import annotations

from crnn_deploy.spec import Preprocessing

Shape = tuple[int, int, int, int]

# A batch of 1 would be frozen into the graph as a constant by some of PyTorch's operators.
_TRACE_BATCH = 2
_TRACE_ASPECT = 3.0
_UNSEEN_BATCHES = (1, 3)
_UNSEEN_ASPECTS = (1.1, 2.3, 5.7)


def trace_shape(preprocessing: Preprocessing) -> Shape:
    """`(N, C, H, W)` of the example that the exporter follows."""
    return _shape(preprocessing, _TRACE_BATCH, _TRACE_ASPECT, odd=False)


def unseen_shapes(preprocessing: Preprocessing) -> list[Shape]:
    """Shapes `(N, C, H, W)` that differ from the trace in the batch and, unless it is fixed, in the width too."""
    shapes = {_shape(preprocessing, n, aspect, odd=True) for n in _UNSEEN_BATCHES for aspect in _UNSEEN_ASPECTS}
    return sorted(shapes)


def _shape(preprocessing: Preprocessing, batch: int, aspect: float, odd: bool) -> Shape:
    """A shape whose width is near `aspect` times the height: an odd or an even multiple, so that they never meet."""
    p = preprocessing
    width = p.width
    if width is None:
        wanted = min(p.max_width, max(p.min_width, round(aspect * p.height)))
        multiples = -(-wanted // p.width_multiple)
        width = (multiples + (multiples % 2 != odd)) * p.width_multiple
    return batch, p.channel_count, p.height, width
