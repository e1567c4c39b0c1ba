"""`--target portable`: INT8 that runtimes know which have neither our library nor local functions."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from crnn_deploy.artifact import open_artifact, read_onnx

from .making import fp32, int8, placements

IMAGES = [np.random.default_rng(width).uniform(-1, 1, (1, 1, 16, width)).astype(np.float32) for width in (48, 80, 120)]


def portable(folder, calib, **options):
    parent = fp32(folder, **options)
    return parent, int8(parent, calib, target="portable", calibrator="minmax")


@pytest.mark.parametrize("rnn", ["gru", "lstm"])
def test_it_is_standard_onnx_that_reads_as_its_parent(tmp_path, calib, rnn):
    parent, quantized = portable(tmp_path, calib, rnn=rnn)
    model = read_onnx(quantized.artifact.path)
    assert {entry.domain for entry in model.opset_import} == {node.domain for node in model.graph.node} == {""}
    assert not model.functions
    assert sum(node.op_type == rnn.upper() for node in model.graph.node) == 1
    sessions = [ort.InferenceSession(str(artifact.path)) for artifact in (parent, quantized.artifact)]
    for image in IMAGES:
        expected, found = (session.run(None, {"images": image})[0] for session in sessions)
        noise = np.square(found - expected).mean() / np.square(expected - expected.mean()).mean()
        assert 0 < noise < 0.02
    assert quantized.record.comparison.same_text > 0.5


def test_convolutions_and_products_run_in_int8_and_are_timed(tmp_path, calib):
    parent, quantized = portable(tmp_path, calib)
    realised = quantized.record.realised
    assert realised.int8["QLinearConv"] == 2
    assert realised.fp32 == {"GRU": 1}
    assert quantized.record.kernel is None
    assert quantized.record.speed[-1].speedup.low > 1
    assert placements(quantized.record) == {"Conv": "int8", "GRU": "fp32", "MatMul": "int8"}
    (reason,) = {layer.reason for layer in quantized.record.layers if layer.precision == "fp32"}
    assert reason == "standard ONNX has no INT8 form of it"
    assert quantized.artifact.size_bytes < parent.size_bytes
    assert open_artifact(quantized.artifact.path).spec.lineage[-1].options["target"] == "portable"


def test_openvino_reads_the_same(tmp_path, calib):
    openvino = pytest.importorskip("openvino", reason="needs crnn-deploy[openvino]")
    _, quantized = portable(tmp_path, calib)
    core = openvino.Core()
    model = core.read_model(quantized.artifact.path)
    model.reshape([1, 1, 16, -1])
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
    session = ort.InferenceSession(str(quantized.artifact.path))
    for image in IMAGES:
        (expected,) = session.run(None, {"images": image})
        assert np.abs(compiled([image])[0] - expected).max() < 0.1 * np.abs(expected).max()
