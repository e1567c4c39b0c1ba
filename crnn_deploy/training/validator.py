"""The error on the validation images."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from crnn_deploy.data.sources.base import Source
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.evaluation.evaluate import error_by_ranks
from crnn_deploy.ranks import ALONE, Ranks
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import ModelSpec

Validate = Callable[[nn.Module], float]
"""The error of a network, a fraction: the case-insensitive CER of lines, or 1 - top-1 of classes."""


def validator(spec: ModelSpec, validation: Source, skip_bad: bool, ranks: Ranks = ALONE) -> Validate:
    """A function that measures the error of networks of `spec` on the images of `validation`.

    Args:
        ranks: the processes, which all call it for the same network. Each reads its share, and all get the error.
    """
    options = EvaluateOptions(skip_bad=skip_bad)

    def validate(network: nn.Module) -> float:
        return error_by_ranks(TorchSession(network, spec), validation, options, ranks)

    return validate
