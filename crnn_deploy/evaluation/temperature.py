"""The temperature at which confidences agree with the share of images that are read right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.evaluation.primary_error import error_counts, primary_figure_of
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.reading.decoding import decode
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import normalized

FEWEST = 10
"""Images that must be read right, and as many wrong: one number that was fitted on fewer says little."""
_TEMPERATURES = 2.0 ** (np.arange(-4, 17) / 4)  # from 1/2 to 16, each 19 % above the last
_SURE = 1e-6  # a confidence of 1 would make a single wrong image infinitely improbable


def fit_temperature(logits: Sequence[NDArray[np.float32]], references: Sequence[str], spec: ModelSpec) -> float | None:
    """The temperature at which it is most probable that just these images are read right (Guo et al., ICML 2017).

    For lines it is fitted to the probability of the whole text, not to that of single frames; case does not matter.
    None if fewer than `FEWEST` images are read right, or wrong.

    Args:
        logits: batches of what the model gives, `[N, T, K]` or `[N, K]`.
        references: the right text or class of each image.
    """
    texts = [normalized(text, spec.normal_form) for batch in logits for text in decode(batch, spec)]
    right = error_counts(primary_figure_of(spec.task), references, texts).counted == 0
    if min(right.sum(), (~right).sum()) < FEWEST:
        return None
    return float(min(_TEMPERATURES, key=lambda temperature: _loss(logits, right, spec, float(temperature))))


def _loss(
    logits: Sequence[NDArray[np.float32]], right: NDArray[np.bool_], spec: ModelSpec, temperature: float
) -> float:
    """The negative mean logarithm of the probability of what came true."""
    warmed = spec.model_copy(update={"temperature": temperature})
    sure = np.clip([one for batch in logits for one in confidences(batch, warmed)], _SURE, 1 - _SURE)
    return -float(np.log(np.where(right, sure, 1 - sure)).mean())
