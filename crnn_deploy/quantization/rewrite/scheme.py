"""The INT8 form of a model that each target needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crnn_deploy.quantization.config import Target


@dataclass(frozen=True)
class Scheme:
    """The INT8 form that a target needs. Weights are symmetric int8 per output channel in all of them."""

    activation: type[np.integer]
    convolution_outputs: bool
    """Whether outputs of convolutions and pooling get Q/DQ; a runtime that fuses what follows needs none."""
    integer_bias: bool
    recurrent: bool
    """Whether GRU and LSTM layers run in INT8, as our ops."""
    in_onnxruntime: bool
    """Whether ONNX Runtime runs the file, so that its speed and precision can be measured here."""
    oldest_opset: int

    @property
    def symmetric(self) -> bool:
        return self.activation is np.int8


SCHEMES: Mapping[Target, Scheme] = {
    # U8S8 are the fastest of ONNX Runtime's kernels on x86; versions before 1.22 run a convolution with an FP32 bias
    # in FP32. Matrix products give FP32 straight from their accumulators, so that logits are not rounded. Older graphs,
    # only from third parties, get Q/DQ of ONNX Runtime's own domain.
    "cpu": Scheme(
        np.uint8, convolution_outputs=True, integer_bias=True, recurrent=True, in_onnxruntime=True, oldest_opset=1
    ),
    # The same for runtimes that know standard operators only, and none of these is a GRU or LSTM in INT8. Its weights
    # stay FP32: OpenVINO runs no GRU whose weights are stored as INT8. TensorRT's form is slower than FP32 in ONNX
    # Runtime (benchmarks/results/other-runtimes.md). Q/DQ have a scale for each channel since opset 13.
    "portable": Scheme(
        np.uint8, convolution_outputs=True, integer_bias=True, recurrent=False, in_onnxruntime=True, oldest_opset=13
    ),
    # TensorRT refuses zero points and INT32 biases, and fuses a residual addition with the convolution before it only
    # if nothing but the other side is quantized. In an engine INT8 stands beside FP16, and Q/DQ have scales in FP16
    # since opset 19.
    "tensorrt": Scheme(
        np.int8, convolution_outputs=False, integer_bias=False, recurrent=False, in_onnxruntime=False, oldest_opset=19
    ),
}
