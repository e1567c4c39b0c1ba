from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tiny_crnn import image_folder, tiny_artifact, tiny_spec

from crnn_deploy.artifact import open_artifact, read_onnx
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.export import export as exporter
from crnn_deploy.export.config import ExportConfig, ExportOptions
from crnn_deploy.export.export import export
from crnn_deploy.runtime.opening import open_session

KINDS = {
    "bigru": {},
    "bilstm": {"rnn": "lstm"},
    "two layers": {"layers": 2},
    "two lstm layers": {"layers": 2, "rnn": "lstm"},
    "one direction": {"bidirectional": False},
}


def exported(tmp_path, spec, **options):
    artifact = tiny_artifact(tmp_path, spec)
    return artifact, export(ExportConfig(model=artifact.path, output=tmp_path / "tiny.onnx", **options))


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("batch", "width"), [(1, 20), (5, 52), (2, 200)])
def test_same_logits_at_any_batch_and_width(tmp_path, options, batch, width):
    parent, child = exported(tmp_path, tiny_spec(**options))
    images = np.random.default_rng(1).standard_normal((batch, 1, 16, width), np.float32)
    expected = open_session(parent).run(images)
    assert expected.std() > 0.1
    np.testing.assert_allclose(open_session(child).run(images), expected, atol=1e-5)


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_one_recurrent_node_per_layer_without_states(tmp_path, options):
    _, child = exported(tmp_path, tiny_spec(**options))
    graph = read_onnx(child.path).graph
    op = options.get("rnn", "gru").upper()
    nodes = [node for node in graph.node if node.op_type == op]
    assert len(nodes) == options.get("layers", 1)
    for node in nodes:
        assert len(node.input) == 4  # X, W, R, B
        assert len(node.output) == 1
        attributes = {attribute.name: attribute.i for attribute in node.attribute}
        assert op == "LSTM" or attributes["linear_before_reset"] == 1
    assert {node.op_type for node in graph.node}.isdisjoint(
        {"Shape", "Expand", "ConstantOfShape", "BatchNormalization"}
    )


def test_interface_is_named_and_dynamic(tmp_path):
    _, child = exported(tmp_path, tiny_spec(), opset=19)
    model = read_onnx(child.path)
    assert model.opset_import[0].version == 19
    axes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert axes == {"images": ["batch", 1, 16, "width"], "logits": ["batch", "frames", 9]}


def test_classifier_of_fixed_width_has_a_dynamic_batch_only(tmp_path):
    parent, child = exported(tmp_path, tiny_spec("classify", width=48))
    dims = read_onnx(child.path).graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == ["batch", 1, 16, 48]
    images = np.random.default_rng(1).standard_normal((5, 1, 16, 48), np.float32)
    np.testing.assert_allclose(open_session(child).run(images), open_session(parent).run(images), atol=1e-5)


def test_subnormal_weights_become_zero_and_are_counted(tmp_path):
    artifact = tiny_artifact(tmp_path, tiny_spec(), {"rnn.weight_hh_l0": 1e-40, "head.bias": -1e-39})
    child = export(ExportConfig(model=artifact.path, output=tmp_path / "tiny.onnx"))
    assert child.spec.lineage[-1].notes["subnormals_flushed"] == 2
    for tensor in read_onnx(child.path).graph.initializer:
        values = np.abs(numpy_helper.to_array(tensor))
        assert not ((values > 0) & (values < np.finfo(np.float32).tiny)).any()


def test_lineage_names_parent_options_and_tools(tmp_path):
    data = image_folder(tmp_path / "images", 5)
    parent, child = exported(tmp_path, tiny_spec(), data=str(data))
    step = open_artifact(child.path).spec.lineage[-1]
    assert (step.stage, step.parent_sha256, step.options) == ("export", parent.sha256, {"opset": 20})
    assert {"torch", "onnx"} <= set(step.tools)
    assert step.notes["parity_max_difference"] < 1e-4


def test_real_images_take_part_in_the_parity_check(tmp_path):
    _, without = exported(tmp_path, tiny_spec())
    data = image_folder(tmp_path / "images", 5)
    _, with_data = exported(tmp_path, tiny_spec(), data=str(data), force=True)
    counts = [artifact.spec.lineage[-1].notes["parity_images"] for artifact in (without, with_data)]
    assert counts[1] == counts[0] + 5


def test_same_bytes_again_and_no_path_of_this_machine(tmp_path):
    _, first = exported(tmp_path, tiny_spec())
    before = first.path.read_bytes()
    exported(tmp_path, tiny_spec(), force=True)
    assert first.path.read_bytes() == before
    assert b".py" not in before
    assert str(tmp_path).encode() not in before


def tampering(change):
    """A stand-in for the exporter that spoils its result."""

    def trace(*arguments):
        model = original(*arguments)
        change(model.graph)
        return model

    original = exporter.trace
    return trace


def corrupt_a_weight(graph):
    tensor = next(tensor for tensor in graph.initializer if len(tensor.dims) == 4)
    values = numpy_helper.to_array(tensor).copy()
    values[0] += 1
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def poison_with_nan(graph):
    tensor = next(tensor for tensor in graph.initializer if len(tensor.dims) == 4)
    values = np.full_like(numpy_helper.to_array(tensor), np.nan)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def reset_before(graph):
    node = next(node for node in graph.node if node.op_type == "GRU")
    next(attribute for attribute in node.attribute if attribute.name == "linear_before_reset").i = 0


def forget_the_attribute(graph):
    node = next(node for node in graph.node if node.op_type == "GRU")
    kept = [attribute for attribute in node.attribute if attribute.name != "linear_before_reset"]
    del node.attribute[:]
    node.attribute.extend(kept)


@pytest.mark.parametrize("change", [corrupt_a_weight, poison_with_nan, reset_before, forget_the_attribute])
def test_a_wrong_export_is_refused_and_leaves_no_file(tmp_path, monkeypatch, change):
    monkeypatch.setattr(exporter, "trace", tampering(change))
    with pytest.raises(GateError):
        exported(tmp_path, tiny_spec())
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.safetensors"]


def test_learned_initial_states_stay(tmp_path, monkeypatch):
    def learn_a_state(graph):
        node = next(node for node in graph.node if node.op_type == "GRU")
        state = next(node for node in graph.node if node.op_type == "ConstantOfShape")
        assert state.output[0] == node.input[5]
        state.attribute[0].t.CopyFrom(numpy_helper.from_array(np.array([0.9], np.float32)))

    monkeypatch.setattr(exporter, "trace", tampering(learn_a_state))
    with pytest.raises(GateError):  # had the state been dropped, the parity check would have passed
        exported(tmp_path, tiny_spec())


def test_onnx_is_exported_already(tmp_path):
    _, child = exported(tmp_path, tiny_spec())
    with pytest.raises(InputError, match="exported already"):
        export(ExportConfig(model=child.path, output=tmp_path / "again.onnx"))


def test_existing_output_is_kept(tmp_path):
    output = tmp_path / "tiny.onnx"
    output.write_text("mine")
    with pytest.raises(InputError, match="--force"):
        exported(tmp_path, tiny_spec())
    assert output.read_text() == "mine"


@pytest.mark.parametrize("opset", [18, 99])
def test_opsets_that_cannot_work_are_refused(opset):
    with pytest.raises(ValueError, match="opset"):
        ExportOptions(opset=opset)


@pytest.mark.parametrize("checkpoint", ["easyocr_english_g2/english_g2.pth", "legere_bigru/model.pt"])
def test_real_checkpoint_reads_the_same(tmp_path, shared_data, checkpoint):
    config = ImportConfig(checkpoint=shared_data / "checkpoints" / checkpoint, output=tmp_path / "m.safetensors")
    parent = import_checkpoint(config)
    data = str(shared_data / "captcha_v2" / "val.tar")
    child = export(ExportConfig(model=parent.path, output=tmp_path / "m.onnx", data=data))
    onnx.checker.check_model(str(child.path), full_check=True)
    assert child.spec.lineage[-1].notes["parity_images"] > 30


@pytest.mark.parametrize(
    "decides", [lambda x: x.shape[-1] > 1000, lambda x: x.shape[-1] < 10, lambda x: bool(x.mean() > 0.9)]
)
def test_what_is_decided_in_python_beyond_the_trace_is_found(tmp_path, monkeypatch, decides):
    module = exporter.load_model(tiny_artifact(tmp_path, tiny_spec()))
    forward = type(module).forward
    monkeypatch.setattr(type(module), "forward", lambda self, x: forward(self, x) * (-1 if decides(x) else 1))
    with pytest.raises(GateError):
        export(ExportConfig(model=tmp_path / "tiny.safetensors", output=tmp_path / "o.onnx"))
