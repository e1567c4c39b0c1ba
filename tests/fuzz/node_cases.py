"""Random nodes of our custom ops, with inputs that fit them or do not."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from fuzz.mutation import INTEGERS, TEXTS
from native.reference import GATES, INPUTS, Recurrence, random_layer
from onnx import helper

from crnn_deploy.onnx_graph.qgru_qlstm import OUTPUTS

DIRECTIONS = ("forward", "reverse", "bidirectional")
STEPS, SAMPLES = (0, 1, 1, 2, 3, 7, 33), (0, 1, 1, 2, 5, 16, 17, 33)
COLUMNS, HIDDEN = (1, 2, 3, 31, 32, 33, 64, 100, 511, 513), (1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 65, 100)
LONG = ((4000, 1, 1, 1), (1, 3000, 3, 2), (2, 1, 65536, 1), (2, 2, 3, 700))  # T, N, C, H
BAD_NUMBERS = (np.nan, np.inf, -np.inf)
SCALES = (1.0, 1.0, 1.0, 0.0, 1e-40, 1e-20, 1e-3, 100.0, 1e30, 3e38)
SIZES = (0, 1, 2, 5, 16, 65537)


@dataclass(frozen=True)
class NodeCase:
    """One node, and what it is fed.

    Args:
        layer: its weights.
        fed: inputs at run time.
        stored: constants that replace the layer's.
        attributes: attributes that replace the layer's.
        left_out: a required input that is missing, or an empty string.
        outputs: those that are asked for.
        wrong: what does not fit, in words; empty if everything does.
    """

    layer: Recurrence
    fed: dict[str, np.ndarray]
    stored: dict[str, np.ndarray]
    attributes: dict[str, Any]
    left_out: str
    outputs: tuple[str, ...]
    threads: int
    wrong: str

    def __str__(self) -> str:
        shapes = {name: f"{array.dtype}{list(array.shape)}" for name, array in {**self.fed, **self.stored}.items()}
        return f"{self.layer.cell} {self.layer.direction} H={self.layer.hidden} {shapes} {self.attributes} {self.wrong}"


def draw(random: Random) -> NodeCase:
    """A random case; two thirds have inputs that fit."""
    numbers = np.random.default_rng(random.randrange(2**32))
    cell, direction = random.choice([*GATES]), random.choice(DIRECTIONS)
    steps, samples, columns, hidden = (random.choice(sizes) for sizes in (STEPS, SAMPLES, COLUMNS, HIDDEN))
    if random.random() < 0.05:
        steps, samples, columns, hidden = random.choice(LONG)
    layer = random_layer(numbers, cell, columns, hidden, direction, bias=random.random() < 0.8)
    fed = _inputs(random, numbers, layer, steps, samples)
    if random.random() < 0.2:  # some of the weights come at run time
        weights = layer.stored()
        fed |= {name: weights[name] for name in random.sample([*weights], random.randrange(1, len(weights) + 1))}
    asked = tuple(name for name in OUTPUTS[cell] if random.random() < 0.7) or (OUTPUTS[cell][0],)
    case = NodeCase(layer, fed, {}, {}, "", asked, random.choice((1, 1, 2)), "")
    return _spoilt(random, case) if random.random() < 1 / 3 else case


def _inputs(
    random: Random, numbers: np.random.Generator, layer: Recurrence, steps: int, samples: int
) -> dict[str, np.ndarray]:
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


def _spoilt(random: Random, case: NodeCase) -> NodeCase:
    """The case with one thing that does not fit."""
    changes: dict[str, Any] = {"fed": dict(case.fed)}
    kind = random.randrange(6)
    arrays = {**case.layer.stored(), **case.fed}
    name = random.choice([*arrays])
    if kind == 0:
        changes |= {"attributes": {"hidden_size": random.choice([n for n in INTEGERS if -(2**63) <= n < 2**63])}}
        changes["wrong"] = "hidden_size"
    elif kind == 1:
        words = random.choice(TEXTS).encode("utf-8", "replace").decode()
        changes |= {"attributes": {"direction": words}, "wrong": "direction"}
    elif kind == 2:
        name = random.choice(("X", "W", "W_scale", "R", "R_scale"))
        changes |= {"left_out": name, "wrong": f"without {name}"}
    else:
        changed = _misshapen(random, arrays[name]) if kind <= 4 else _misnumbered(random, arrays[name])
        changes["wrong"] = f"{name} of another {'shape' if kind <= 4 else 'content'}"
        if name in case.fed or random.random() < 0.3:
            changes["fed"][name] = changed
        else:
            changes["stored"] = {name: changed}
    return NodeCase(**{**vars(case), **changes})


def _misshapen(random: Random, array: np.ndarray) -> np.ndarray:
    shape = list(array.shape)
    kind = random.randrange(4)
    if kind == 0:
        shape.insert(random.randrange(len(shape) + 1), random.choice((0, 1, 2)))
    elif kind == 1:
        del shape[random.randrange(len(shape))]
    else:
        shape[random.randrange(len(shape))] = random.choice(SIZES)
    if np.prod(shape, dtype=float) > 10**7:
        shape = [min(size, 100) for size in shape]
    kept = array.dtype if random.random() < 0.7 else np.dtype(random.choice(("f4", "f8", "i1", "u1", "i4", "i8", "f2")))
    return np.resize(array, shape).astype(kept) if array.size else np.zeros(shape, kept)


def _misnumbered(random: Random, array: np.ndarray) -> np.ndarray:
    """Numbers that are forbidden: lengths out of range, −128, negative or infinite scales."""
    changed = array.copy()
    if changed.size:
        at = random.randrange(changed.size)
        if changed.dtype == np.float32:
            changed.flat[at] = random.choice((*BAD_NUMBERS, -1.0, 3e38))
        else:
            edges = np.iinfo(changed.dtype)
            changed.flat[at] = random.choice((edges.min, edges.max, -1))
    return changed
