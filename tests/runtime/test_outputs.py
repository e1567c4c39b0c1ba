"""One form for all outputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.outputs import batch_first, log_probabilities
from crnn_deploy.spec import ModelSpec


@given(st.integers(0, 10_000), st.floats(0.1, 20))
def test_logits_probabilities_and_their_logarithms_agree(seed: int, scale: float) -> None:
    logits = (np.random.default_rng(seed).standard_normal((2, 5, 7)) * scale).astype(np.float32)
    expected = log_probabilities(logits)
    assert np.allclose(np.exp(expected).sum(-1), 1, atol=1e-5)
    assert np.allclose(log_probabilities(expected), expected, atol=1e-5)
    again = log_probabilities(np.exp(expected))
    assert np.allclose(np.maximum(expected, np.log(1e-12)), again, atol=1e-4)


@pytest.mark.parametrize(("layout", "shape"), [("NTC", (3, 5, 2)), ("TNC", (5, 3, 2))])
def test_the_batch_comes_first(layout: str, shape: tuple[int, ...]) -> None:
    spec = ModelSpec(name="m", charset="a", output_layout=layout, preprocessing=Preprocessing(height=8))  # type: ignore[arg-type]
    assert batch_first(np.zeros((3, 5, 2), np.float32), spec).shape == shape
