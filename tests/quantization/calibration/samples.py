"""Values as tensors have them, and what to try calibrators on."""

from __future__ import annotations

import numpy as np
import pytest

from crnn_deploy.quantization.calibration.histogram import Histogram

both = pytest.mark.parametrize("symmetric", [False, True])

random = np.random.default_rng(0)
COUNT = 100_000
SAMPLES = {
    "gaussian": random.standard_normal(COUNT),
    "laplace": random.laplace(size=COUNT),
    "exponential": random.exponential(size=COUNT),
    "gaussian after relu": np.maximum(0, random.standard_normal(COUNT)),
    "laplace after relu": np.maximum(0, random.laplace(size=COUNT)),
    "skewed": random.gumbel(size=COUNT),
    "heavy": random.standard_t(3, COUNT),
    "negative": -random.exponential(size=COUNT),
}
samples = pytest.mark.parametrize("name", SAMPLES)


def histogram_of(values):
    histogram = Histogram()
    histogram.observe(np.asarray(values))
    return histogram
