"""Random nodes of all ops."""

from __future__ import annotations

from random import Random

import numpy as np
from fuzz.nodes import convolution, linear, pool, recurrent
from fuzz.nodes.case import NodeCase

KINDS = (recurrent, recurrent, linear, convolution, convolution, pool)


def draw(random: Random) -> NodeCase:
    """A random case; two thirds have inputs that fit."""
    numbers = np.random.default_rng(random.randrange(2**32))
    case: NodeCase = random.choice(KINDS).draw(random, numbers)
    return random.choice(case.spoilers)(random, case) if random.random() < 1 / 3 else case
