"""`NhwcMaxPool`: what it computes, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from native.pool_reference import Pooling, expected, model_of
from native.reference import open_model

pytestmark = pytest.mark.usefixtures("convolution_level")

POOLINGS = [
    Pooling(),
    Pooling(strides=(2, 1)),
    Pooling(kernel=(3, 3), pads=(1, 1, 1, 1)),
    Pooling(kernel=(3, 2), strides=(1, 3), pads=(2, 0, 0, 1)),
    Pooling(kernel=(9, 13), size=(3, 9, 13, 1)),
    Pooling(size=(1, 64, 200, 5)),
]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", POOLINGS, ids=str)
def test_the_largest_of_each_window(case: Pooling, threads: int) -> None:
    x = np.random.default_rng(0).integers(0, 256, case.size).astype(np.uint8)
    model = model_of(case)
    np.testing.assert_array_equal(open_model(model, threads).run(["Y"], {"X": x})[0], expected(case, x))
    plain = ort.InferenceSession(model.SerializeToString()).run(["Y"], {"X": x})[0]
    np.testing.assert_array_equal(plain, expected(case, x))


@pytest.mark.parametrize(
    ("changed", "shape"),
    [
        ({"kernel": (0, 2)}, (1, 9, 9, 3)),
        ({"kernel": (2,)}, (1, 9, 9, 3)),
        ({"strides": (1, -1)}, (1, 9, 9, 3)),
        ({"pads": (2, 0, 0, 0)}, (1, 9, 9, 3)),
        ({}, (1, 1, 9, 3)),
        ({}, (1, 9, 9, 0)),
    ],
    ids=str,
)
def test_bad_poolings(changed: dict[str, Any], shape: tuple[int, ...]) -> None:
    model = model_of(Pooling()._replace(**changed))
    with pytest.raises(Exception, match=r"kernel|strides|pads|shape"):
        open_model(model).run(["Y"], {"X": np.ones(shape, np.uint8)})
