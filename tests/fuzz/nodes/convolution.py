"""Random nodes of `QLinearNhwcConv` and `QLinearNhwcConvAdd`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import numpy as np
import onnx
from fuzz.nodes.case import Array, NodeCase, outside
from fuzz.nodes.maps import HEIGHTS, KERNELS, PADS, SAMPLES, STRIDES, WIDTHS, of_too_small_a_map, with_bad_attributes
from fuzz.nodes.spoiling import TINY, misnumbered, misshapen, with_a_fed_constant, without_an_input
from native.convolution_reference import (
    ADDED_INPUTS,
    INPUTS,
    Convolution,
    added,
    constants_of,
    convolved,
    maps_of,
    model_of,
)
from native.levels import CONVOLUTION_LEVELS

CHANNELS = (1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 130)
ZEROS = (0, 1, 3, 127, 128, 254, 255)
SCALES = (TINY, 1e-20, 1e-6, 1e-3, 1.0, 100.0, 1e20, 3e38)
MOST_SUM = 2**31 - 1
MOST_WORK = 1 << 24  # products; the emulated level computes them one by one
ABSURD = (
    Convolution(1, 1, (1, 1), pads=(32767, 0, 32767, 0), size=(1, 1, 1)),
    Convolution(1, 2, (500, 1), strides=(250, 1), pads=(500, 0, 500, 0), size=(1, 2, 3)),
    Convolution(3, 1, (1, 4000), strides=(1, 2), pads=(0, 4000, 0, 0), size=(1, 1, 2)),
    Convolution(strides=(32767, 32767)),
    Convolution(130, 130, strides=(1, 32767)),
    Convolution(1, 1, (1, 1), pads=(0, 0, 0, 0), size=(3000, 1, 1)),
    Convolution(5000, 3, (1, 1), size=(1, 2, 3)),
    Convolution(2, 5000, (2, 2), size=(1, 1, 1)),
)
ABSURD_WEIGHTS = ((1, 1, 2**22, 1), (1, 1, 1, 2**22), (1, 2**22, 1, 1), (2**19, 7, 1, 1))


def of_absurd_weights(random: Random, case: ConvolutionCase) -> ConvolutionCase:
    """A few megabytes, which some ways to pack them would make gigabytes."""
    shape = random.choice(ABSURD_WEIGHTS)
    stored: dict[str, Array] = {"W": np.zeros(shape, np.int8), "W_scale": np.ones(shape[0], np.float32)}
    unbiased = case.case._replace(bias=False)  # B would have another shape
    kept = {name: array for name, array in case.stored.items() if name != "B"}
    return replace(case, case=unbiased, stored={**kept, **stored}, wrong=f"W has shape {shape}", refused=True)


@dataclass(frozen=True, kw_only=True)
class ConvolutionCase(NodeCase):
    """A convolution."""

    case: Convolution

    required: ClassVar = tuple(name for name in INPUTS if name != "B")
    spoilers: ClassVar = (
        *(with_bad_attributes("strides", "pads"), without_an_input, of_too_small_a_map, of_absurd_weights),
        *(misshapen, misshapen, misnumbered, misnumbered, with_a_fed_constant),
    )

    def constants(self) -> dict[str, Array]:
        return constants_of(self.case)

    def model(self) -> onnx.ModelProto:
        fed = tuple(self.fed.keys() - {"X", "Z"})
        stored = {**self.stored, **{name: self.fed[name] for name in fed}}
        return model_of(self.case._replace(**self.attributes), fed, self.left_out, **stored)

    def finding(self, got: dict[str, Array], ours: bool) -> str:
        lowest = highest = convolved(self.case, self.fed["X"], self.values)
        if self.case.adds:
            numbers, slack = added(lowest, self.fed["Z"], self.values), _slack(self.values)
            lowest, highest = (np.clip(np.rint(numbers + each), 0, 255) for each in (-slack, slack))
        return outside(got["Y"], lowest, highest)

    def runs_on(self, level: str) -> bool:
        return level in CONVOLUTION_LEVELS

    def described(self) -> str:
        return str(self.case)


@dataclass(frozen=True, kw_only=True)
class AddingCase(ConvolutionCase):
    """A convolution to whose result a map is added."""

    required: ClassVar = tuple(name for name in (*INPUTS, *ADDED_INPUTS) if name != "B")


def draw(random: Random, numbers: np.random.Generator) -> ConvolutionCase:
    """A good node."""
    case = random.choice(ABSURD) if random.random() < 0.05 else _sizes(random)
    case = case._replace(
        zeros=(random.choice(ZEROS), random.choice(ZEROS)),
        bias=random.random() < 0.8,
        adds=random.random() < 0.4,
        seed=random.randrange(2**32),
    )
    fed = maps_of(case)
    if random.random() < 0.1:
        fed["X"] = np.full_like(fed["X"], random.choice((0, 255)))
    kind = AddingCase if case.adds else ConvolutionCase
    return kind(case=case, fed=fed, stored=_constants(random, numbers, case), threads=random.choice((1, 1, 2)))


def _sizes(random: Random) -> Convolution:
    """A convolution that has a result, and is no long work for the emulated level."""
    while True:
        case = Convolution(
            channels=random.choice(CHANNELS),
            filters=random.choice(CHANNELS),
            kernel=(random.choice(KERNELS), random.choice(KERNELS)),
            strides=(random.choice(STRIDES), random.choice(STRIDES)),
            pads=tuple(random.choice(PADS) for _ in range(4)),
            size=(random.choice(SAMPLES), random.choice(HEIGHTS), random.choice(WIDTHS)),
        )
        if min(case.result()) > 0 and _work(case) <= MOST_WORK:
            return case


def _work(case: Convolution) -> int:
    """How many products the kernels compute, roughly: of whole tiles."""
    samples, height, width = case.result()
    columns = case.size[2] + case.pads[1] + case.pads[3] if case.strides == (1, 1) else width + 31
    depth = case.kernel[0] * (case.kernel[1] * case.channels + 63)
    return samples * (height * columns + 32) * depth * (case.filters + 31)


def _constants(random: Random, numbers: np.random.Generator, case: Convolution) -> dict[str, Array]:
    """Constants at the limits of what is allowed."""
    values = constants_of(case)
    changed: dict[str, Array] = {}
    for name, array in values.items():
        if random.random() < 0.15 and not array.ndim:
            choices = SCALES if array.dtype == np.float32 else ZEROS
            changed[name] = np.asarray(random.choice(choices), array.dtype)
    if random.random() < 0.15:
        changed["W"] = np.full_like(values["W"], random.choice((0, 127, -127)))
    if random.random() < 0.2:
        rows = numbers.choice(np.array([0.0, 1e-40, 1e-3, 1.0, 3e38], np.float32), case.filters)
        changed["W_scale"] = np.where(numbers.random(case.filters) < 0.5, rows, values["W_scale"])
    if case.bias and random.random() < 0.2:  # the largest that leave 32 bits for the sums
        weights = changed.get("W", values["W"]).astype(np.int64).reshape(case.filters, -1)
        changed["B"] = (numbers.choice((-1, 1), case.filters) * (MOST_SUM - 255 * np.abs(weights).sum(1))).astype("i4")
    return changed


def _slack(values: dict[str, Array]) -> float:
    """By how much a sum in FP32 may be off, in its steps: of 24 bits, a few operations may lose the last ones.

    It is infinite where FP32 holds no number that is as large as the maps in these steps.
    """
    with np.errstate(over="ignore"):
        y, z = (np.float32(255) * (values[f"{name}_scale"] / values["sum_scale"]) for name in ("Y", "Z"))
        return float(255 + y + z) * 2.0**-20
