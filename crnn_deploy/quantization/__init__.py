"""Post-training INT8 for the CPU."""

from crnn_deploy.quantization.quantizer import QuantizeConfig, QuantizeOptions, quantize
from crnn_deploy.quantization.realised import RealisedPrecision, realised_precision

__all__ = ["QuantizeConfig", "QuantizeOptions", "RealisedPrecision", "quantize", "realised_precision"]
