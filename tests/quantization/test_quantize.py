from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
import stopwatches
from onnx import TensorProto, helper, numpy_helper
from quantization.comparisons import int8_convolutions
from tiny_crnn import image_folder, tiny_spec

from crnn_deploy.artifact import open_artifact, read_onnx, write_onnx
from crnn_deploy.native import kernel_level
from crnn_deploy.quantization import quantize as quantizer
from crnn_deploy.quantization.rewrite.realised import realised_precision
from crnn_deploy.quantization.search.error_rise_cap import ErrorRiseCap
from crnn_deploy.quantization.search.examiner import Examiner
from crnn_deploy.quantization.search.plan_search import best_trial
from crnn_deploy.runtime.opening import open_session

from .making import fp32, int8, placements

RECURRENT = {"gru": "QGRU", "lstm": "QLSTM"}


@pytest.mark.parametrize(
    "options",
    [{}, {"rnn": "lstm"}, {"layers": 2}, {"bidirectional": False}, {"task": "classify", "width": 48}],
    ids=["bigru", "bilstm", "two layers", "one direction", "classifier"],
)
def test_int8_stays_close_runs_in_int8_and_is_small(tmp_path, calib, options):
    parent = fp32(tmp_path, **options)
    made = int8(parent, calib)
    child, record = made.artifact, made.record
    images = np.random.default_rng(5).uniform(-1, 1, (3, 1, 16, 48)).astype(np.float32)
    expected, found = (open_session(artifact).run(images) for artifact in (parent, child))
    noise = np.square(found - expected).mean() / np.square(expected - expected.mean()).mean()
    assert 0 < noise < 0.02  # better than 17 dB, and not just FP32 again
    realised = realised_precision(read_onnx(child.path))
    assert int8_convolutions(realised) == 2
    assert record.realised == realised
    ours = RECURRENT[options.get("rnn", "gru")]
    if kernel_level() is None:
        assert ours not in realised.int8
        assert record.kernel is None
        fell_back = [layer for layer in record.layers if layer.precision == "fp32"]
        assert {layer.op for layer in fell_back} == {options.get("rnn", "gru").upper()}
        assert {layer.reason for layer in fell_back} == {"stored in INT8, but there are no kernels for it here"}
    else:
        assert realised.int8[ours] == options.get("layers", 1)
        # The small head of a classifier is faster in FP32.
        left = {"Gemm"} if options.get("task") == "classify" else set()
        assert {layer.op for layer in record.layers if layer.precision == "fp32"} == left
        assert realised.precision == ("int8+fp32" if left else "int8")
        assert record.kernel == kernel_level()
    assert child.size_bytes < 0.45 * parent.size_bytes


def test_stock_onnx_runtime_reads_the_same(tmp_path, calib):
    parent = fp32(tmp_path)
    child = int8(parent, calib).artifact
    image = np.random.default_rng(5).uniform(-1, 1, (1, 1, 16, 80)).astype(np.float32)
    (stock,) = ort.InferenceSession(str(child.path)).run(None, {"images": image})
    ours = open_session(child).run(image)
    assert np.array_equal(stock.argmax(2), ours.argmax(2))


def test_the_record_tells_what_was_tried(tmp_path, calib):
    record = int8(fp32(tmp_path), calib, sensitivity=True).record
    assert [trial.calibrator for trial in record.trials] == ["minmax", "percentile", "entropy", "mse"]
    assert record.calibrator == best_trial(record.trials, ErrorRiseCap(None)).calibrator
    assert record.rejected is None
    assert (record.calibration_images, record.held_out_images) == (18, 12)
    assert (record.target, record.reference, record.figure) == ("cpu", "parent", "cer_ci")
    assert {entry.layer for entry in record.sensitivity} == {layer.layer for layer in record.layers}
    assert len(record.tensors) == 4  # the image, two convolutions, the head's input
    assert record.speed[-1].plan == "all"
    assert record.speed[-1].speedup.low > 1


def test_one_calibrator_where_one_is_asked_for(tmp_path, calib):
    record = int8(fp32(tmp_path), calib, calibrator="mse").record
    assert record.calibrator == "mse"
    assert len(record.trials) == 1


def test_lineage(tmp_path, calib):
    parent = fp32(tmp_path)
    made = int8(parent, calib, seed=3, max_error_rise=0.5, calibrator="minmax")
    export_step, step = open_artifact(made.artifact.path).spec.lineage
    assert export_step.stage == "export"
    assert (step.stage, step.parent_sha256) == ("quantize", parent.sha256)
    assert step.options == {
        "target": "cpu", "calibrator": "minmax", "samples": None, "held_out": None, "max_error_rise": 0.5, "seed": 3,
        "skip_bad": False,
    }  # fmt: skip
    assert step.notes["same_text"] == round(made.record.comparison.same_text, 4)
    assert step.notes["realised"] == made.record.realised.model_dump()
    assert step.notes["fp32_layers"] == (0 if kernel_level() else 1)
    assert "rejected" not in step.notes


@pytest.mark.parametrize("fitted", [2.0, None])
def test_the_temperature_that_was_fitted_lies_in_the_file(tmp_path, calib, monkeypatch, fitted):
    """Where none can be fitted, that of the parent stays."""
    monkeypatch.setattr(Examiner, "fitted", lambda *_: fitted)
    parent = fp32(tmp_path)
    warm = parent.spec.model_copy(update={"temperature": 3.0})
    parent = write_onnx(parent.path, read_onnx(parent.path), warm, force=True)
    made = int8(parent, calib, calibrator="minmax")
    assert open_artifact(made.artifact.path).spec.temperature == (fitted or 3.0)
    assert made.record.temperature == fitted


def test_same_bytes_again(tmp_path, calib):
    parent = fp32(tmp_path)
    before = int8(parent, calib).artifact.path.read_bytes()
    assert int8(parent, calib, force=True).artifact.path.read_bytes() == before
    assert int8(parent, calib, force=True, seed=1).artifact.path.read_bytes() != before


def far_value(tensors):
    """One channel of the second convolution is 3,000 times the others, and nothing but its rounding hears of it."""
    tensors["features.4.weight"][0] = 3000.0
    for suffix in ("", "_reverse"):
        tensors[f"rnn.weight_ih_l0{suffix}"][:, 0] = 0


def test_the_budget_keeps_the_layers_that_break_the_model_in_fp32(tmp_path):
    parent = fp32(tmp_path, far_value)
    calib = image_folder(tmp_path / "many", 100)
    made = int8(parent, calib, max_error_rise=0.1, calibrator="minmax")
    record = made.record
    assert record.trials[0].comparison.difference.delta > 0.5
    assert record.comparison.difference.high <= 0.1 == record.max_error_rise
    assert record.sensitivity[0].layer == "/features/features.3/Conv"
    precision = {layer.layer: layer.precision for layer in record.layers}
    assert precision["/features/features.3/Conv"] == "fp32"
    assert precision["/features/features.0/Conv"] == precision["/head/MatMul"] == "int8"
    reasons = {layer.reason for layer in record.layers if layer.op == "Conv" and layer.precision == "fp32"}
    assert reasons == {"too sensitive for the budget"}
    assert int8_convolutions(realised_precision(read_onnx(made.artifact.path))) == 1


def test_a_broken_model_is_repaired_without_a_budget_too(tmp_path):
    made = int8(fp32(tmp_path, far_value), image_folder(tmp_path / "many", 100), calibrator="minmax")
    assert made.record.comparison.difference.delta <= 0.01
    assert "fp32" in placements(made.record).values()


def test_layers_that_lose_go_back_to_fp32(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ConvolutionsLose)
    monkeypatch.setattr(quantizer, "complaint_about", lambda *_: None)  # without kernels nothing would run in INT8
    record = int8(fp32(tmp_path), calib).record
    assert placements(record) == {"Conv": "fp32", "GRU": "int8" if kernel_level() else "fp32", "MatMul": "fp32"}
    assert {layer.reason for layer in record.layers if layer.op != "GRU"} == {"slower in INT8 here"}
    assert record.speed[-1].plan == "recurrent"
    assert int8_convolutions(record.realised) == record.realised.int8.get("MatMulIntegerToFloat", 0) == 0


@pytest.mark.parametrize("rnn", ["gru", "lstm"])
def test_tensorrt_model_reads_the_same_and_is_not_timed(tmp_path, calib, monkeypatch, rnn):
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", None)
    parent = fp32(tmp_path, rnn=rnn)
    made = int8(parent, calib, target="tensorrt")
    assert made.record.comparison.same_text > 0.5
    assert made.record.speed == ()
    assert made.record.kernel is None
    assert made.record.realised is None
    model = read_onnx(made.artifact.path)
    assert rnn.upper() in {node.op_type for node in model.graph.node}
    assert model.opset_import[0].version >= 19


def test_tensorrt_accepts_it(tmp_path, calib):
    """Builds an engine for GPUs of compute capability 8.9, which needs no GPU."""
    trt = pytest.importorskip("tensorrt_rtx")
    made = int8(fp32(tmp_path), calib, target="tensorrt")
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    assert parser.parse(made.artifact.path.read_bytes()), parser.get_error(0).desc()
    config, profile = builder.create_builder_config(), builder.create_optimization_profile()
    profile.set_shape("images", (1, 1, 16, 20), (1, 1, 16, 48), (4, 1, 16, 96))
    config.add_optimization_profile(profile)
    config.num_compute_capabilities = 1
    config.set_compute_capability(trt.ComputeCapability.SM89, 0)
    assert builder.build_serialized_network(network, config) is not None


def test_graphs_older_than_per_channel_qdq(tmp_path, calib):
    random = np.random.default_rng(0)
    weight = numpy_helper.from_array(random.standard_normal((9, 1, 16, 4)).astype(np.float32), "w")
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("images", "logits")]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "w"], ["conv"], strides=[16, 4]),
            helper.make_node("Squeeze", ["conv"], ["columns"], axes=[2]),
            helper.make_node("Transpose", ["columns"], ["logits"], perm=[0, 2, 1]),
        ],
        "g",
        [*value[:1], helper.make_tensor_value_info("w", TensorProto.FLOAT, [9, 1, 16, 4])],  # as before IR version 4
        value[1:],
        [weight],
    )
    graph.input[0].CopyFrom(helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 16, "width"]))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=3)
    child = int8(write_onnx(tmp_path / "old.onnx", model, tiny_spec()), calib).artifact
    quantized = read_onnx(child.path)
    assert realised_precision(quantized).precision == "int8"
    assert [value.name for value in quantized.graph.input] == ["images"]
    assert sorted(entry.domain for entry in quantized.opset_import) == ["", "com.microsoft"]
