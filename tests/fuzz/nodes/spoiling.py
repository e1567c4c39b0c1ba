"""Makes one thing of a node wrong: an input is missing, or has another shape, type, content or source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

import numpy as np
from fuzz.nodes.case import Array, NodeCase

Case = TypeVar("Case", bound=NodeCase)
BAD_NUMBERS = (np.nan, np.inf, -np.inf)
SIZES = (0, 1, 2, 5, 16, 65537)
KINDS = ("f4", "f8", "i1", "u1", "i4", "i8", "f2")
MOST = 10**7  # numbers in a constant
TINY = np.finfo(np.float32).tiny
FREE = ("X", "W")  # inputs that also fit in some other shapes


def without_an_input(random: Random, case: Case) -> Case:
    name = random.choice(case.required)
    return replace(case, left_out=name, wrong=f"without {name}", refused=True)


def misshapen(random: Random, case: Case) -> Case:
    name, array = random.choice([*{**case.values, **case.fed}.items()])
    # A large X would run for minutes.
    changed = _reshaped(random, array, 4 * array.size + 1000 if name in case.fed else MOST)
    same = (changed.shape, changed.dtype) == (array.shape, array.dtype)
    return _with(random, case, name, changed, "of another shape", refused=not same and name not in FREE)


def misnumbered(random: Random, case: Case) -> Case:
    """With a number that is forbidden: lengths out of range, −128, negative, tiny or infinite scales."""
    name, array = random.choice([*{**case.values, **case.fed}.items()])
    changed = array.copy()
    if changed.size:
        at = random.randrange(changed.size)
        if changed.dtype == np.float32:
            changed.flat[at] = random.choice((*BAD_NUMBERS, -1.0, 0.0, 1e-40, 3e38))
        elif changed.dtype == np.uint8:
            changed.flat[at] = random.randrange(256)
        else:
            edges = np.iinfo(changed.dtype)
            changed.flat[at] = random.choice((edges.min, edges.max, -1))
    return _with(random, case, name, changed, "of another content", refused=_unusable(name, changed))


def with_a_fed_constant(random: Random, case: Case) -> Case:
    """An input that must be constant comes at run time."""
    name, array = random.choice([*case.values.items()])
    return replace(case, fed={**case.fed, name: array}, wrong=f"{name} is not constant", refused=True)


def bad_integers(random: Random, good: Sequence[int], least: int) -> Sequence[int | float] | None:
    """For an attribute that takes as many integers as `good` from `least` to 32767: what does not fit, or None."""
    kind = random.randrange(4)
    if kind == 0:
        return random.choice((None, (), tuple(good[:-1]), (*good, least), (least,) * 100))
    if kind == 1:
        return [float(number) + 0.5 for number in good]
    bad = (least - 1, -1, -32768, 32768, 2**31, 2**31 + 1, 2**32 + 1, 2**62, 2**63 - 1, -(2**63))
    at = random.randrange(len(good))
    return [*good[:at], random.choice(bad), *good[at + 1 :]]


def _with(random: Random, case: Case, name: str, array: Array, what: str, refused: bool) -> Case:
    wrong = f"{name} {what}"
    if name in case.fed:
        return replace(case, fed={**case.fed, name: array}, wrong=wrong, refused=refused)
    if random.random() < 0.3:
        return replace(case, fed={**case.fed, name: array}, wrong=wrong, refused=refused or case.all_constant)
    return replace(case, stored={**case.stored, name: array}, wrong=wrong, refused=refused)


def _reshaped(random: Random, array: Array, most: int) -> Array:
    shape = list(array.shape)
    kind = random.randrange(4)
    if kind == 0 or not shape:
        shape.insert(random.randrange(len(shape) + 1), random.choice((0, 1, 2)))
    elif kind == 1:
        del shape[random.randrange(len(shape))]
    else:
        shape[random.randrange(len(shape))] = random.choice(SIZES)
    if np.prod(shape, dtype=float) > most:
        shape = [min(size, 100) for size in shape]
    kept = array.dtype if random.random() < 0.7 else np.dtype(random.choice(KINDS))
    return np.resize(array, shape).astype(kept) if array.size else np.zeros(shape, kept)


def _unusable(name: str, array: Array) -> bool:
    """Whether our ops must refuse an input for its numbers."""
    if array.dtype == np.int8:
        return bool((array == -128).any())
    if name.endswith("_scale"):
        least = 0 if array.ndim else TINY  # rows of weights may be zeros
        return not bool((np.isfinite(array) & (array >= least)).all())
    if name == "B" and array.dtype == np.float32:
        return not bool(np.isfinite(array).all())
    return name == "sequence_lens" and array.size > 0
