"""Random nodes of `QLinearGRU` and `QLinearLSTM`."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

import numpy as np
import onnx
from fuzz.nodes.case import Array, NodeCase, outside
from fuzz.nodes.recurrent import CLOSE, LARGE, another_direction, another_hidden_size, random_recurrence
from fuzz.nodes.spoiling import TINY, misnumbered, misshapen, with_a_fed_constant, without_an_input
from native.linear_reference import INPUTS, OUTPUTS, Bytes, constants_of, exact, one_node
from native.reference import Recurrence

ZEROS = (0, 1, 127, 128, 254, 255)
X_SCALES = (0.03, 0.03, 0.1, 1e-3, 1e-20, TINY, 5.0, 1e30, 3e38)
Y_SCALES = (2 / 255, 1 / 127, 1.0, 1e-4, 1e-9, 1e-12, TINY, 1e30)


@dataclass(frozen=True, kw_only=True)
class LinearCase(NodeCase):
    """A layer between bytes, and the outputs that are asked for."""

    layer: Recurrence
    x: Bytes
    y: Bytes
    outputs: tuple[str, ...]

    required: ClassVar = tuple(name for name in INPUTS if name != "B")
    spoilers: ClassVar = (
        *(another_hidden_size, another_direction, without_an_input),
        *(misshapen, misshapen, misnumbered, misnumbered, with_a_fed_constant),
    )

    def constants(self) -> dict[str, Array]:
        return constants_of(self.layer, self.x, self.y)

    def model(self) -> onnx.ModelProto:
        fed = tuple(self.fed.keys() - {"X"})
        values = {**self.values, **{name: self.fed[name] for name in fed}}
        return one_node(self.layer, values, fed, self.left_out, self.outputs, **self.attributes)

    def finding(self, got: dict[str, Array], ours: bool) -> str:
        if "scale" in got and got["scale"] != np.float32(self.y.scale):
            return f"the scale is {got['scale']}"
        x = self.fed["X"]
        if "Y" not in got or np.abs(self.x.numbers(x)).max() > LARGE:
            return ""
        y = exact(self.layer, x, self.x, rounded=True, round_states=ours)
        return outside(got["Y"], self.y.rounded(y - CLOSE), self.y.rounded(y + CLOSE))

    def described(self) -> str:
        return f"QLinear{self.layer.cell} {self.layer.direction} H={self.layer.hidden} {self.x} {self.y}"


def draw(random: Random, numbers: np.random.Generator) -> LinearCase:
    """A good node; or one without steps or samples."""
    layer, steps, samples = random_recurrence(random, numbers)
    x = numbers.integers(0, 256, (samples, 1, steps, layer.w.shape[2])).astype(np.uint8)
    scales = (float(np.float32(random.choice(each))) for each in (X_SCALES, Y_SCALES))
    ends = [Bytes(scale, random.choice(ZEROS)) for scale in scales]
    empty = not steps * samples
    return LinearCase(
        layer=layer,
        x=ends[0],
        y=ends[1],
        fed={"X": x},
        outputs=random.choice((("Y",), ("scale",), tuple(OUTPUTS), tuple(OUTPUTS))),
        threads=random.choice((1, 1, 2)),
        wrong="no steps or samples" if empty else "",
        refused=empty,
    )
