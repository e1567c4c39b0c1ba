"""Post-training INT8, with its accuracy and speed measured."""

from crnn_deploy.quantization.config import QuantizeConfig, QuantizeOptions
from crnn_deploy.quantization.graph.realised import RealisedPrecision, realised_precision
from crnn_deploy.quantization.quantizer import Quantized, RejectedError, quantize
from crnn_deploy.quantization.record import QuantizationRecord

__all__ = [
    "QuantizationRecord",
    "QuantizeConfig",
    "QuantizeOptions",
    "Quantized",
    "RealisedPrecision",
    "RejectedError",
    "quantize",
    "realised_precision",
]
