"""The INT8 model that `quantize` makes, also where it rejects it: benchmarks measure it and say so."""

from __future__ import annotations

from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import Quantized, RejectedError, quantize


def quantized_anyway(config: QuantizeConfig) -> tuple[Quantized, RejectedError | None]:
    """What was made, and the rejection if there was one. Raises as `quantize` for all else."""
    try:
        return quantize(config), None
    except RejectedError as error:
        return error.quantized, error
