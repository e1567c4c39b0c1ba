"""Random nodes of `NhwcMaxPool`."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

import numpy as np
import onnx
from fuzz.nodes.case import Array, NodeCase, outside
from fuzz.nodes.maps import HEIGHTS, KERNELS, SAMPLES, STRIDES, WIDTHS, of_too_small_a_map, with_bad_attributes
from fuzz.nodes.spoiling import misnumbered, misshapen, without_an_input
from native.levels import CONVOLUTION_LEVELS
from native.pool_reference import Pooling, expected, model_of

CHANNELS = (1, 2, 3, 15, 16, 17, 33, 64, 100)
ABSURD = (
    Pooling((32767, 1), (1, 1), (32766, 0, 32766, 0), (1, 3, 1, 1)),
    Pooling((1, 32767), (1, 40), (0, 0, 0, 32766), (1, 1, 2, 3)),
    Pooling(strides=(32767, 32767)),
    Pooling((1, 1), size=(3000, 1, 1, 1)),
    Pooling((1, 1), size=(1, 1, 1, 10000)),
)
MOST_WORK = 10**7  # bytes that are compared


@dataclass(frozen=True, kw_only=True)
class PoolCase(NodeCase):
    """A pooling."""

    case: Pooling

    required: ClassVar = ("X",)
    spoilers: ClassVar = (
        *(with_bad_attributes("kernel", "strides", "pads"), with_bad_attributes("kernel", "strides", "pads")),
        *(without_an_input, of_too_small_a_map, misshapen, misnumbered),
    )

    def constants(self) -> dict[str, Array]:
        return {}

    def model(self) -> onnx.ModelProto:
        return model_of(self.case._replace(**self.attributes), self.left_out)

    def finding(self, got: dict[str, Array], ours: bool) -> str:
        largest = expected(self.case, self.fed["X"])
        return outside(got["Y"], largest, largest)

    def runs_on(self, level: str) -> bool:
        return level in CONVOLUTION_LEVELS

    def described(self) -> str:
        return str(self.case)


def draw(random: Random, numbers: np.random.Generator) -> PoolCase:
    """A good node."""
    case = random.choice(ABSURD) if random.random() < 0.05 else _sizes(random)
    x = numbers.integers(0, 256, case.size).astype(np.uint8)
    return PoolCase(case=case, fed={"X": x}, threads=random.choice((1, 1, 2)))


def _sizes(random: Random) -> Pooling:
    """A pooling that has a result, and is no long work."""
    while True:
        kernel = (random.choice(KERNELS), random.choice(KERNELS))
        case = Pooling(
            kernel,
            strides=(random.choice(STRIDES), random.choice(STRIDES)),
            pads=tuple(random.randrange(kernel[side % 2]) if random.random() < 0.4 else 0 for side in range(4)),
            size=tuple(random.choice(sizes) for sizes in (SAMPLES, HEIGHTS, WIDTHS, CHANNELS)),
        )
        if min(case.result()) > 0 and _work(case) <= MOST_WORK:
            return case


def _work(case: Pooling) -> int:
    samples, height, width = case.result()
    return samples * height * width * case.size[3] * case.kernel[0] * case.kernel[1]
