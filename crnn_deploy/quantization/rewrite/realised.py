"""The arithmetic that really runs, from the graph that ONNX Runtime executes instead of the file's Q/DQ nodes."""

from __future__ import annotations

from collections import Counter

import onnx

from crnn_deploy.config import Frozen
from crnn_deploy.onnx_graph.execution import load_session
from crnn_deploy.onnx_graph.operators import OWN_OPERATORS, PRODUCTS, QDQ, RECURRENT
from crnn_deploy.runtime.onnxruntime import session_options
from crnn_deploy.scratch import scratch_folder

# Operators with the arithmetic of a CRNN, by the names that ONNX Runtime's optimiser gives them. Our own appear
# only where our kernels run them: otherwise ONNX Runtime has replaced them by their definitions.
_INT8_OPS = (
    "ConvInteger",
    "DynamicQuantizeLSTM",
    "DynamicQuantizeMatMul",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "QGemm",
    "QLinearConv",
    "QLinearMatMul",
    *OWN_OPERATORS,
)
_FP32_OPS = ("FusedConv", "FusedGemm", "FusedMatMul", *PRODUCTS, *RECURRENT)


class RealisedPrecision(Frozen):
    """How many nodes of each kind ONNX Runtime executes."""

    int8: dict[str, int]
    fp32: dict[str, int]
    conversions: int
    """Quantize and dequantize nodes that remain between the two."""

    @property
    def precision(self) -> str:
        """`int8`, `fp32`, or `int8+fp32` where both do arithmetic."""
        return "+".join(name for name, counts in (("int8", self.int8), ("fp32", self.fp32)) if counts) or "fp32"


def realised_precision(model: onnx.ModelProto) -> RealisedPrecision:
    """Let ONNX Runtime optimise `model` as it would to run it on this CPU, and count the nodes."""
    with scratch_folder() as folder:
        path = folder / "optimised.onnx"
        options = session_options()
        options.optimized_model_filepath = str(path)
        load_session(model, options, "the INT8 model")
        counts = Counter(node.op_type for node in onnx.load(path).graph.node)
    return RealisedPrecision(
        int8={name: counts[name] for name in sorted(_INT8_OPS) if counts[name]},
        fp32={name: counts[name] for name in sorted(_FP32_OPS) if counts[name]},
        conversions=sum(counts[name] for name in QDQ),
    )
