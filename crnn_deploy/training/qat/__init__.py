"""Quantization-aware training: the network learns with the rounding that INT8 on a CPU will bring."""

from crnn_deploy.training.qat.quantization_aware import QuantizationAware

__all__ = ["QuantizationAware"]
