"""The error on the validation images."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from crnn_deploy.data.sources.base import Source
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.evaluation.evaluate import evaluate_session
from crnn_deploy.evaluation.primary_error import primary_error
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import ModelSpec

Validate = Callable[[nn.Module], float]
"""The error of a network, a fraction: the case-insensitive CER of lines, or 1 - top-1 of classes."""


def validator(spec: ModelSpec, validation: Source, skip_bad: bool) -> Validate:
    """A function that measures the error of networks of `spec` on the images of `validation`."""
    options = EvaluateOptions(resamples=1, skip_bad=skip_bad)

    def validate(network: nn.Module) -> float:
        return primary_error(evaluate_session(TorchSession(network, spec), validation, options).accuracy)

    return validate
