"""The input shape at which a network is traced, and other shapes at which the result is tested."""

from __future__ import annotations

from crnn_deploy.preprocessing import InputShape, Preprocessing

# A batch of 1 would be frozen into the graph as a constant by some of PyTorch's operators.
_TRACE_BATCH = 2
_TRACE_ASPECT = 3.0
_UNSEEN_BATCHES = (1, 3)
_WIDEST = 4096
_UNSEEN_ASPECTS = (1.1, 2.3, 5.7)
_TRACE_STILLS = 4
_UNSEEN_STILLS = (2, 3, 7)


def trace_shape(preprocessing: Preprocessing) -> InputShape:
    """`(N, C, H, W)`, or `(N, T, C, H, W)`, of the example that the exporter follows."""
    if preprocessing.clips is not None:
        return preprocessing.input_shape(_TRACE_BATCH, _TRACE_STILLS)
    return _shape(preprocessing, _TRACE_BATCH, _TRACE_ASPECT, odd=False)


def unseen_shapes(preprocessing: Preprocessing) -> list[InputShape]:
    """Shapes that differ from the trace in the batch and, unless it is fixed, in the width or the stills too."""
    if preprocessing.clips is not None:
        return [preprocessing.input_shape(batch, stills) for batch in _UNSEEN_BATCHES for stills in _UNSEEN_STILLS]
    shapes = {_shape(preprocessing, n, aspect, odd=True) for n in _UNSEEN_BATCHES for aspect in _UNSEEN_ASPECTS}
    return sorted(shapes)


def extreme_shapes(preprocessing: Preprocessing) -> list[InputShape]:
    """The narrowest and the widest input for one image, of those that are no wider than usual lines; or clips."""
    least, greatest = preprocessing.sizes
    if preprocessing.clips is None and preprocessing.width is None:
        greatest = min(greatest, preprocessing.with_padding(_WIDEST))
    return [preprocessing.input_shape(1, size) for size in sorted({least, greatest})]


def _shape(preprocessing: Preprocessing, batch: int, aspect: float, odd: bool) -> InputShape:
    """A shape `aspect` times as wide as high, about: an odd or even multiple, so that the two are never the same."""
    p = preprocessing
    width = p.width
    if width is None:
        wanted = min(p.max_width, max(p.min_width, round(aspect * p.height)))
        multiples = -(-wanted // p.width_multiple)
        width = (multiples + (multiples % 2 != odd)) * p.width_multiple
    return batch, p.channel_count, p.height, width
