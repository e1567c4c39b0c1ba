"""Insertion of Q/DQ nodes, by ONNX Runtime's own quantizer.

Its front door, `quantize_static`, insists on calibrating by itself, in ways that break on inputs of varying width
(onnxruntime#18792) or hold every activation in memory (#10503). So this file, alone, calls the class behind that door
and hands it ready-made ranges. The class is not documented, but its arguments have been the same from 1.20 to 1.31.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from crnn_deploy.quantization.ranges import Ranges


def insert_qdq(model: onnx.ModelProto, nodes: Sequence[str], ranges: Ranges) -> onnx.ModelProto:
    """A copy of `model` with Q/DQ around `nodes`, for x86 CPUs: U8S8, the fastest of ONNX Runtime's INT8 kernels.

    Activations are uint8, asymmetric, with the given ranges; weights int8, symmetric per output channel; biases int32.
    Matrix products give FP32 straight from their accumulators, so that logits and the inputs of recurrent layers are
    not rounded.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    bounds = {name: (np.float32(low), np.float32(high)) for name, (low, high) in ranges.items()}
    chosen = set(nodes)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    quantizer = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, bounds),
        nodes_to_quantize=list(nodes),
        nodes_to_exclude=[],
        op_types_to_quantize=sorted({node.op_type for node in model.graph.node if node.name in chosen}),
        extra_options={
            "OpTypesToExcludeOutputQuantization": ["Gemm", "MatMul"],
            # Standard Q/DQ knows scales per channel from opset 13 on; older graphs, which only come from third
            # parties, get ONNX Runtime's own.
            "UseQDQContribOps": opset < 13,
        },
    )
    quantizer.quantize_model()
    quantized: onnx.ModelProto = quantizer.model.model
    del quantized.graph.value_info[:]  # the shapes that the quantizer inferred; ONNX Runtime infers them again
    return quantized
