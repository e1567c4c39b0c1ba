from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tiny_crnn import image_folder, tiny_artifact, tiny_spec

from crnn_deploy.artifact import open_artifact, read_onnx
from crnn_deploy.data.network_inputs import NetworkInputs
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.progress import SILENT
from crnn_deploy.quantization.search.examiner import Examiner
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.reading.decoding import decode
from crnn_deploy.runtime.opening import open_session


@pytest.fixture
def parent(tmp_path):
    return export(ExportConfig(model=tiny_artifact(tmp_path, tiny_spec()).path, output=tmp_path / "tiny.onnx"))


def examiner(parent, folder):
    images = NetworkInputs(open_source(str(folder)), parent.spec.preprocessing)
    return Examiner(read_onnx(parent.path), parent.spec, images, 1, SILENT)


def with_head_bias(parent, change) -> onnx.ModelProto:
    model = read_onnx(parent.path)
    bias = next(tensor for tensor in model.graph.initializer if tensor.name == "head.bias")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + change(9), "head.bias"))
    return model


def only_blank(outputs):
    return np.where(np.arange(outputs) == 0, 1e6, 0).astype(np.float32)


def test_the_parent_reads_as_itself(tmp_path, parent):
    reading = examiner(parent, image_folder(tmp_path / "images", 10)).compare(read_onnx(parent.path), "")
    assert (reading.error, reading.same_text, reading.noise_db) == (0, 1, 200)
    assert reading.difference.model_dump() == {"figure": "cer_ci", "delta": 0, "low": 0, "high": 0}


def test_without_labels_the_parents_text_is_the_reference(tmp_path, parent):
    found = examiner(parent, image_folder(tmp_path / "images", 10))
    reading = found.compare(with_head_bias(parent, only_blank), "")
    assert (found.reference, found.figure, len(found.images)) == ("parent", "cer_ci", 10)
    assert reading.error == reading.difference.delta == reading.difference.high == 1  # reads nothing at all
    assert reading.same_text == 0
    assert reading.noise_db < 0


def test_errors_are_counted_against_labels_where_there_are_some(tmp_path, parent):
    folder = image_folder(tmp_path / "images", 10)
    session = open_session(parent)
    source = open_source(str(folder))
    texts = [decode(session.run(image), parent.spec)[0] for image in NetworkInputs(source, parent.spec.preprocessing)]
    lines = [f"{source.item_name(i)}\t{text.upper() or 'a'}\n" for i, text in enumerate(texts)]
    lines[3] = f"{source.item_name(3)}\tabcdabcd\n"
    (folder / "labels.tsv").write_text("".join(lines))
    found = examiner(parent, folder)
    assert found.reference == "labels"
    reading = found.compare(read_onnx(parent.path), "")
    assert 0 < reading.error < 0.5  # the wrong label only: case doesn't count
    assert reading.difference.delta == 0
    blank = found.compare(with_head_bias(parent, only_blank), "")
    assert blank.error == 1
    assert blank.difference.delta == pytest.approx(1 - reading.error)
    assert 0 < blank.difference.low < blank.difference.delta


def test_labels_that_the_model_cannot_write_are_not_used(tmp_path, parent):
    folder = image_folder(tmp_path / "images", 4)
    (folder / "labels.tsv").write_text("".join(f"{i:03}.png\t漢字\n" for i in range(4)))
    assert examiner(parent, folder).reference == "parent"


def test_classes(tmp_path):
    artifact = tiny_artifact(tmp_path, tiny_spec(task="classify", width=48))
    parent = export(ExportConfig(model=artifact.path, output=tmp_path / "tiny.onnx"))
    for name in "ab":
        image_folder(tmp_path / "classes" / name, 4, seed=ord(name))
    found = examiner(open_artifact(parent.path), tmp_path / "classes")
    reading = found.compare(with_head_bias(parent, lambda _: np.float32(1e6) * (np.arange(8) == 0)), "")
    assert (found.reference, found.figure) == ("labels", "top1")
    assert reading.error == 0.5


def test_outputs_that_are_not_finite_are_the_worst(tmp_path, parent):
    found = examiner(parent, image_folder(tmp_path / "images", 4))
    assert (
        found.compare(with_head_bias(parent, lambda outputs: np.full(outputs, np.nan, np.float32)), "").noise_db == -200
    )


def test_a_temperature_is_fitted_to_labels(tmp_path, parent):
    """Half of the labels are what the model reads: its confidences come near one half, and nothing else changes."""
    folder = image_folder(tmp_path / "images", 40)
    model = read_onnx(parent.path)
    assert examiner(parent, folder).fitted(model) is None  # no labels
    session, source = open_session(parent), open_source(str(folder))
    logits = [session.run(image) for image in NetworkInputs(source, parent.spec.preprocessing)]
    texts = [decode(each, parent.spec)[0] or "a" for each in logits]
    wrong = ["abcdabcd" if i % 2 else text for i, text in enumerate(texts)]
    (folder / "labels.tsv").write_text("".join(f"{source.item_name(i)}\t{text}\n" for i, text in enumerate(wrong)))
    temperature = examiner(parent, folder).fitted(model)
    assert temperature is not None
    before, after = (
        np.mean([confidences(each, parent.spec.model_copy(update={"temperature": t}))[0] for each in logits])
        for t in (1.0, temperature)
    )
    assert abs(after - 0.5) < abs(before - 0.5)
