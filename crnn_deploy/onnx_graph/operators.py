"""The operators that this project reads and writes, by what they do: one list of each kind."""

from __future__ import annotations

from collections.abc import Mapping

DOMAIN = "crnn_deploy"
"""The domain of our own operators."""

STANDARD_DOMAINS = ("", "ai.onnx")
"""The two names of the domain of ONNX's own operators."""

PRODUCTS = ("Conv", "Gemm", "MatMul")
"""Standard operators that multiply activations by weights and that INT8 makes faster, without recurrent ones."""

RECURRENT = ("GRU", "LSTM", "RNN")
"""Standard recurrent operators."""

QUANTIZED_RECURRENT: Mapping[str, str] = {"GRU": "QGRU", "LSTM": "QLSTM"}
"""Recurrent operator → our operator with INT8 weights that replaces it."""

LINEAR_RECURRENT: Mapping[str, str] = {"QGRU": "QLinearGRU", "QLSTM": "QLinearLSTM"}
"""Our operator with INT8 weights → the one whose input and output are INT8, too."""

OWN_RECURRENT = (*QUANTIZED_RECURRENT.values(), *LINEAR_RECURRENT.values())
"""All recurrent operators of our own."""

CONVOLUTION, CONVOLUTION_ADD, MAX_POOL = "QLinearNhwcConv", "QLinearNhwcConvAdd", "NhwcMaxPool"
OWN_CONVOLUTIONS: Mapping[str, int] = {CONVOLUTION: 8, CONVOLUTION_ADD: 13}
"""Convolutions of our own in INT8, of which the second adds a map to its result → the number of their inputs."""

OWN_OPERATORS = (*OWN_RECURRENT, *OWN_CONVOLUTIONS, MAX_POOL)
"""All operators of our own; where our kernels don't run them, ONNX Runtime runs their definitions."""

QDQ = ("QuantizeLinear", "DequantizeLinear")
"""Conversions between floating point and INT8."""

OPERANDS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys((*PRODUCTS, *RECURRENT, *OWN_RECURRENT, *OWN_CONVOLUTIONS), (0, 1)),
    **dict.fromkeys(("ConvInteger", "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"), (0, 1)),
    **dict.fromkeys(("FusedConv", "NhwcFusedConv", "FusedMatMul", "FusedGemm"), (0, 1)),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "QGemm"), (0, 3)),
}
"""Every operator that multiplies, also those into which ONNX Runtime fuses others → positions of its activations and
its weights among the inputs."""

RECURRENT_WEIGHTS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(RECURRENT, (1, 2)),
    **dict.fromkeys(OWN_RECURRENT, (1, 3)),
}
"""Every recurrent operator → positions of the weights of X and of the recurrent weights among the inputs."""
