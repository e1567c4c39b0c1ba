from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tiny_crnn import tiny_artifact, tiny_spec

from crnn_deploy.artifact import read_onnx
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.quantization.rewrite.realised import realised_precision


def test_fp32_model_is_fp32(tmp_path):
    artifact = tiny_artifact(tmp_path, tiny_spec())
    model = read_onnx(export(ExportConfig(model=artifact.path, output=tmp_path / "tiny.onnx")).path)
    realised = realised_precision(model)
    assert realised.precision == "fp32"
    assert not realised.int8
    assert realised.fp32["GRU"] == 1
    assert realised.conversions == 0


def test_a_file_that_looks_quantized_but_is_not_run_so_is_fp32():
    """Q/DQ stand around an operator without an INT8 kernel, and the convolution keeps its FP32 input."""
    tensors = {"w": np.ones((4, 1, 3, 3), np.float32), "scale": np.float32(0.1), "zero": np.uint8(0)}
    parameters = ["scale", "zero"]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "w"], ["a"]),
            helper.make_node("QuantizeLinear", ["a", *parameters], ["b"]),
            helper.make_node("DequantizeLinear", ["b", *parameters], ["c"]),
            helper.make_node("Softplus", ["c"], ["logits"]),
        ],
        "test",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 8, "width"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()],
    )
    realised = realised_precision(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9))
    assert realised.precision == "fp32"
    assert realised.conversions == 2
