"""Comparisons of a candidate with its parent, with invented figures, and of what runs."""

from __future__ import annotations

from crnn_deploy.evaluation.difference import Difference
from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.quantization.rewrite.realised import RealisedPrecision


def comparison(
    error: float, low: float, high: float, same_text: float = 0.9, noise_db: float = 30.0
) -> ModelComparison:
    """Of a candidate whose parent makes no errors, over 1,000 images."""
    return ModelComparison(
        images=1000,
        changed=round(1000 * (1 - same_text)),
        not_finite=0,
        max_difference=0.5,
        relative_difference=0.01,
        noise_db=noise_db,
        error=error,
        difference=Difference(figure="cer_ci", delta=error, low=low, high=high),
    )


def int8_convolutions(realised: RealisedPrecision) -> int:
    """Convolutions that run in INT8, by our kernels or by those of ONNX Runtime."""
    return sum(count for op, count in realised.int8.items() if "Conv" in op)
