"""Random words, names and digits, from which phrases are built."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TypeVar

import numpy as np

Rng = np.random.Generator
T = TypeVar("T")


def pick(rng: Rng, items: Sequence[T]) -> T:
    """One of `items`; much faster than `rng.choice`."""
    return items[int(rng.integers(len(items)))]


def characters(rng: Rng, charset: str, length: int) -> str:
    """A random string of `length` characters."""
    return "".join([charset[i] for i in rng.integers(len(charset), size=length)])


def line_length(rng: Rng, shortest: int, longest: int) -> int:
    """Characters of a line. Short lines are the more common ones: words, prices, codes."""
    return shortest + round((longest - shortest) * float(rng.beta(1.2, 1.8)))


def digits(rng: Rng, length: int) -> str:
    return characters(rng, string.digits, length)


def capitals(rng: Rng, length: int) -> str:
    return characters(rng, string.ascii_uppercase, length)


def word(rng: Rng) -> str:
    """A common English word in lower case."""
    return pick(rng, _listed("words.txt"))


def proper(rng: Rng) -> str:
    """A first or last name."""
    return pick(rng, _listed("names.txt"))


@cache
def _listed(file: str) -> tuple[str, ...]:
    return tuple((resources.files(__package__) / file).read_text(encoding="utf-8").split())
