"""A recogniser for RapidOCR: an artifact between what RapidOCR gives its networks and what it takes from them.

RapidOCR resizes a line to 48 pixels of height in BGR, as x = pixel / 127.5 - 1, and pads it on the right with zeros,
which no pixel has. It takes probabilities whose first class is the blank and whose last is the space; the characters
between them stand in the metadata, one a line. So a part in front of the network makes its input by the spec, and one
behind it puts the classes into that order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import onnx
from onnx import compose, parser

from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

HEIGHT = 48
"""Of the lines that RapidOCR gives, in pixels."""

OPSET = 18
"""The first in which a graph can resize as Pillow does."""

_SPACE = " "
RESIZE = {
    "bilinear": 'mode = "linear", antialias = 1',
    "bicubic": 'mode = "cubic", antialias = 1, cubic_coeff_a = -0.5',
    "linear": 'mode = "linear"',
    "nearest": 'mode = "nearest"',
}
"""Interpolation of the spec → attributes of ONNX's `Resize`."""

_AHEAD = 8  # columns of padding that are always there, so that the last column is of its colour alone
_LUMA = (0.114, 0.587, 0.299)  # of blue, green and red, as Pillow has them


def for_rapidocr(model: onnx.ModelProto, spec: ModelSpec) -> onnx.ModelProto:
    """The model with the input `[N, 3, 48, W]` and the output `[N, T, K]` of RapidOCR's recognisers.

    Args:
        model: of opset 18 or later, with one input and the logits as its first output.
        spec: one that `check_spec` accepts.
    """
    front = _part(model, "line (float[N, 3, 48, W] x) => (float[N, C, H, V] seen)", _front(spec.preprocessing))
    back = _part(model, "said (float[A, B, C] y) => (float[N, T, K] probabilities)", _back(spec, model))
    given, said = model.graph.input[0].name, model.graph.output[0].name
    with_front = compose.merge_models(front, model, [("rapidocr_seen", given)])
    joined = compose.merge_models(with_front, back, [(said, "rapidocr_y")], outputs=["rapidocr_probabilities"])
    del joined.metadata_props[:]  # the spec describes the network without these parts
    joined.metadata_props.add(key="character", value="\n".join(c for c in spec.charset if c != _SPACE))
    onnx.checker.check_model(joined)
    return joined


def _part(model: onnx.ModelProto, head: str, nodes: Iterator[str]) -> onnx.ModelProto:
    """A part of the graph, which is written in ONNX's text form; its names begin with `rapidocr_`."""
    imports = f'ir_version: {model.ir_version}, opset_import: ["" : {opset_of(model)}]'
    part = parser.parse_model(f"<{imports}>\n{head} {{\n" + "\n".join(nodes) + "\n}")
    part.opset_import.extend(each for each in model.opset_import if each.domain)
    return compose.add_prefix(part, "rapidocr_")


def _front(p: Preprocessing) -> Iterator[str]:
    """From RapidOCR's lines to the network's input."""
    yield f"more = Constant <value = int64[8] {{0, 0, 0, 0, 0, 0, 0, {_AHEAD}}}> ()"
    yield "longer = Pad (x, more)"
    yield from _coloured(p)
    yield "one = Constant <value = float {1}> ()"
    yield "half = Constant <value = float {127.5}> ()"
    yield "bright = Add (padded, one)"
    yield "pixels = Mul (bright, half)"
    yield from _channels(p)
    yield from _resized(p)
    yield from _normalised(p)
    yield from _widened(p)


def _coloured(p: Preprocessing) -> Iterator[str]:
    """`longer` with the padding of the spec in place of zeros."""
    yield "rows = Constant <value = int64[2] {1, 2}> ()"
    yield "zero = Constant <value = float {0}> ()"
    yield "size = Abs (longer)"
    yield "largest = ReduceMax (size, rows)"
    yield "is_padding = Equal (largest, zero)"
    if p.padding == "edge":
        yield "is_line = Not (is_padding)"
        yield "counted = Cast <to = 7> (is_line)"
        yield "across = Constant <value = int64[1] {3}> ()"
        yield "columns = ReduceSum (counted, across)"
        yield "step = Constant <value = int64 {1}> ()"
        yield "last = Sub (columns, step)"
        yield "begin = Constant <value = int64 {0}> ()"
        yield "end = Shape <start = 3, end = 4> (longer)"
        yield "limit = Squeeze (end)"
        yield "places = Range (begin, limit, step)"
        yield "inside = Min (places, last)"
        yield "whole = Shape (longer)"
        yield "taken = Expand (inside, whole)"
        yield "padded = GatherElements <axis = 3> (longer, taken)"
        return
    bright = {"white": (1.0,) * 3, "black": (0.0,) * 3, "mean": _in_bgr(p)}[p.padding]
    seen = [2 * (1 - each if p.invert and p.padding == "mean" else each) - 1 for each in bright]
    yield f"colour = Constant <value = float[1, 3, 1, 1] {_set(seen)}> ()"
    yield "padded = Where (is_padding, colour, longer)"


def _in_bgr(p: Preprocessing) -> tuple[float, ...]:
    means = p.mean * 3 if len(p.mean) == 1 else p.mean
    return tuple(means) if p.channels == "BGR" else tuple(reversed(means))


def _channels(p: Preprocessing) -> Iterator[str]:
    if p.channels == "L":
        yield f"luma = Constant <value = float[1, 3, 1, 1] {_set(_LUMA)}> ()"
        yield "channel = Constant <value = int64[1] {1}> ()"
        yield "weighted = Mul (pixels, luma)"
        yield "grey = ReduceSum (weighted, channel)"
        yield "coloured = Round (grey)"
    elif p.channels == "RGB":
        yield "turn = Constant <value = int64[3] {2, 1, 0}> ()"
        yield "coloured = Gather <axis = 1> (pixels, turn)"
    else:
        yield "coloured = Identity (pixels)"


def _resized(p: Preprocessing) -> Iterator[str]:
    """To the height of the spec; longer lines than `max_width` are squeezed."""
    yield f"height = Constant <value = int64[1] {{{p.height}}}> ()"
    yield f"given = Constant <value = int64[1] {{{HEIGHT}}}> ()"
    yield f"up = Constant <value = int64[1] {{{HEIGHT - 1}}}> ()"
    yield f"most = Constant <value = int64[1] {{{p.max_width - 2 * p.margin}}}> ()"
    yield "width = Shape <start = 3, end = 4> (coloured)"
    yield "product = Mul (width, height)"
    yield "product_up = Add (product, up)"
    yield "scaled = Div (product_up, given)"
    yield "across_size = Min (scaled, most)"
    yield "images = Shape <start = 0, end = 2> (coloured)"
    yield "sizes = Concat <axis = 0> (images, height, across_size)"
    yield f"interpolated = Resize <{RESIZE[p.resize]}> (coloured, , , sizes)"
    yield "whole_pixels = Round (interpolated)"
    yield "black = Constant <value = float {0}> ()"
    yield "white = Constant <value = float {255}> ()"
    yield "line = Clip (whole_pixels, black, white)"


def _normalised(p: Preprocessing) -> Iterator[str]:
    """x = (pixel / 255 - mean) / std, or of 1 - pixel / 255, as pixel · a + b."""
    means, stds = np.broadcast_arrays(p.mean, p.std)
    sign, offset = (-1, 1) if p.invert else (1, 0)
    factors, terms = (sign / 255 / stds).tolist(), ((offset - means) / stds).tolist()
    yield f"factor = Constant <value = float[1, {len(factors)}, 1, 1] {_set(factors)}> ()"
    yield f"term = Constant <value = float[1, {len(terms)}, 1, 1] {_set(terms)}> ()"
    yield "scaled_line = Mul (line, factor)"
    yield "normalised = Add (scaled_line, term)"


def _widened(p: Preprocessing) -> Iterator[str]:
    """With its margins, and to whole multiples; the last column has the colour of the padding."""
    right, multiple = p.margin + p.width_multiple - 1, p.width_multiple
    yield "first = Constant <value = int64[1] {-1}> ()"
    yield "beyond = Constant <value = int64[1] {9223372036854775807}> ()"
    yield "axis = Constant <value = int64[1] {3}> ()"
    yield "edge = Slice (normalised, first, beyond, axis)"
    yield f"copies = Constant <value = int64[4] {{1, 1, 1, {p.margin}}}> ()"
    yield "margin = Tile (edge, copies)"
    yield "framed = Concat <axis = 3> (margin, normalised)"
    yield f"multiple = Constant <value = int64[1] {{{multiple}}}> ()"
    yield f"rounding = Constant <value = int64[1] {{{right}}}> ()"
    yield "framed_width = Shape <start = 3, end = 4> (framed)"
    yield "rounded_up = Add (framed_width, rounding)"
    yield "multiples = Div (rounded_up, multiple)"
    yield "total = Mul (multiples, multiple)"
    yield "missing = Sub (total, framed_width)"
    yield "none = Constant <value = int64[7] {0, 0, 0, 0, 0, 0, 0}> ()"
    yield "pads = Concat <axis = 0> (none, missing)"
    yield 'seen = Pad <mode = "edge"> (framed, pads)'


def _back(spec: ModelSpec, model: onnx.ModelProto) -> Iterator[str]:
    """From the network's output to RapidOCR's probabilities."""
    yield f"batch_first = {'Transpose <perm = [1, 0, 2]>' if spec.output_layout == 'TNC' else 'Identity'} (y)"
    yield f"shares = {'Identity' if _ends_in_softmax(model) else 'Softmax <axis = 2>'} (batch_first)"
    others = [k for k, text in enumerate(spec.alphabet) if k != spec.blank and text != _SPACE]
    spaces = [k for k, text in enumerate(spec.alphabet) if text == _SPACE]
    yield f"order = Constant <value = int64[{1 + len(others) + len(spaces)}] {_set([spec.blank, *others, *spaces])}> ()"
    yield "ordered = Gather <axis = 2> (shares, order)"
    yield f"space = Constant <value = int64[6] {_set([0, 0, 0, 0, 0, 0 if spaces else 1])}> ()"
    yield "probabilities = Pad (ordered, space)"


def _ends_in_softmax(model: onnx.ModelProto) -> bool:
    """Whether the output is made of probabilities already."""
    said = model.graph.output[0].name
    return any(node.op_type == "Softmax" and said in node.output for node in model.graph.node)


def _set(values: Iterable[object]) -> str:
    return "{" + ", ".join(map(repr, values)) + "}"
