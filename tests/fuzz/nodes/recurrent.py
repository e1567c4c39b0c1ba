"""Random nodes of `QGRU` and `QLSTM`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import numpy as np
import onnx
from fuzz.mutation import INTEGERS, TEXTS
from fuzz.nodes.case import Array, NodeCase
from fuzz.nodes.spoiling import BAD_NUMBERS, Case, misnumbered, misshapen, without_an_input
from native.reference import GATES, INPUTS, Recurrence, one_node, random_layer, round_rows
from onnx import helper

from crnn_deploy.onnx_graph.qgru_qlstm import OUTPUTS

DIRECTIONS = ("forward", "reverse", "bidirectional")
STEPS, SAMPLES = (0, 1, 1, 2, 3, 7, 33), (0, 1, 1, 2, 5, 16, 17, 33)
COLUMNS, HIDDEN = (1, 2, 3, 31, 32, 33, 64, 100, 511, 513), (1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 65, 100)
LONG = ((1000, 1, 1, 1), (1, 3000, 3, 2), (2, 1, 65536, 1), (2, 2, 3, 700))  # T, N, C, H
SCALES = (1.0, 1.0, 1.0, 0.0, 1e-40, 1e-20, 1e-3, 100.0, 1e30, 3e38)
LARGE = 30.0  # of larger inputs, one between two steps of INT8 moves a gate; they must not crash, that is all
MANY_INPUTS = 4  # for each unit; of layers with more, the ops keep 16 bits of X
CLOSE = 0.02  # largest difference of states, which lie between -1 and 1


def another_hidden_size(random: Random, case: Case) -> Case:
    size = random.choice([number for number in INTEGERS if -(2**63) <= number < 2**63])
    same = size == case.constants()["R"].shape[2]
    return replace(case, attributes={"hidden_size": size}, wrong="hidden_size", refused=not same)


def another_direction(random: Random, case: Case) -> Case:
    words = random.choice(TEXTS).encode("utf-8", "replace").decode()
    return replace(case, attributes={"direction": words}, wrong="direction", refused=True)


@dataclass(frozen=True, kw_only=True)
class RecurrentCase(NodeCase):
    """A layer, and the outputs that are asked for."""

    layer: Recurrence
    outputs: tuple[str, ...]

    required: ClassVar = ("X", "W", "W_scale", "R", "R_scale")
    all_constant: ClassVar = False
    spoilers: ClassVar = (
        *(another_hidden_size, another_direction, without_an_input),
        *(misshapen, misshapen, misnumbered),
    )

    def constants(self) -> dict[str, Array]:
        return self.layer.stored()

    def model(self) -> onnx.ModelProto:
        fed = tuple(self.fed.keys() - {"X"})
        model = one_node(self.layer, fed, self.outputs, self.stored, **self.attributes)
        (node,) = (node for node in model.graph.node if node.name == "layer")
        if self.left_out:
            node.input[list(node.input).index(self.left_out)] = ""
        return model

    def finding(self, got: dict[str, Array], ours: bool) -> str:
        difference = _difference(self, got, ours)
        return "" if difference <= CLOSE else f"the result is off by {difference:.3g}"

    def described(self) -> str:
        return f"Q{self.layer.cell} {self.layer.direction} H={self.layer.hidden}"


def random_recurrence(random: Random, numbers: np.random.Generator) -> tuple[Recurrence, int, int]:
    """A layer, and a number of steps and of samples."""
    cell, direction = random.choice([*GATES]), random.choice(DIRECTIONS)
    steps, samples, columns, hidden = (random.choice(sizes) for sizes in (STEPS, SAMPLES, COLUMNS, HIDDEN))
    if random.random() < 0.05:
        steps, samples, columns, hidden = random.choice(LONG)
    return random_layer(numbers, cell, columns, hidden, direction, bias=random.random() < 0.8), steps, samples


def draw(random: Random, numbers: np.random.Generator) -> RecurrentCase:
    """A good node; or one without steps or samples."""
    layer, steps, samples = random_recurrence(random, numbers)
    fed = _inputs(random, numbers, layer, steps, samples)
    if random.random() < 0.2:  # some of the weights come at run time
        weights = layer.stored()
        fed |= {name: weights[name] for name in random.sample([*weights], random.randrange(1, len(weights) + 1))}
    asked = tuple(name for name in OUTPUTS[layer.cell] if random.random() < 0.7) or (OUTPUTS[layer.cell][0],)
    empty = not steps * samples
    return RecurrentCase(
        layer=layer,
        fed=fed,
        outputs=asked,
        threads=random.choice((1, 1, 2)),
        wrong="no steps or samples" if empty else "",
        refused=empty,
    )


def _inputs(
    random: Random, numbers: np.random.Generator, layer: Recurrence, steps: int, samples: int
) -> dict[str, Array]:
    states = (len(layer.w), samples, layer.hidden)
    x = numbers.standard_normal((steps, samples, layer.w.shape[2])) * random.choice(SCALES)
    fed = {"X": np.clip(x, -3.4e38, 3.4e38)}
    if x.size and random.random() < 0.2:
        fed["X"].flat[numbers.integers(0, x.size, random.choice((1, 3)))] = random.choice(BAD_NUMBERS)
    if random.random() < 0.5:
        fed["sequence_lens"] = numbers.integers(0, steps + 1, samples)
    for name in ("initial_h", "initial_c")[: 2 if layer.cell == "LSTM" else 1]:
        if random.random() < 0.4:
            fed[name] = numbers.uniform(-1, 1, states)
    return {name: array.astype(helper.tensor_dtype_to_np_dtype(INPUTS[name][0])) for name, array in fed.items()}


def _difference(case: RecurrentCase, got: dict[str, Array], ours: bool) -> float:
    """Largest difference from the same arithmetic in float64, of the samples whose inputs are small numbers."""
    x = case.fed["X"]
    good = (np.abs(x) < LARGE).all(axis=(0, 2))  # false for NaN too
    if not good.any():
        return 0.0
    x = np.where(good[:, np.newaxis], x, 0)
    states = {name: case.fed.get(name) for name in ("sequence_lens", "initial_h", "initial_c")}
    few = case.layer.w.shape[2] <= MANY_INPUTS * case.layer.hidden
    expected = case.layer.rounded().run(round_rows(x) if ours and few else x, **states, round_states=ours)
    if states["sequence_lens"] is not None:  # a sample without a step ends in zeros
        for array in expected.values():
            array[..., states["sequence_lens"] == 0, :] = 0
    off = [0.0]
    for name, array in got.items():
        wanted, seen = (each[..., good, :] for each in (expected[name], array))
        differences = np.abs(seen - wanted) / np.maximum(1, np.abs(wanted))
        off.append(float(np.nan_to_num(differences, nan=np.inf).max()))
    return max(off)
