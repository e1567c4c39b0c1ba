"""RapidOCR reads with our models in place of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from PIL import Image

from crnn_deploy.artifact import open_artifact, write_onnx
from crnn_deploy.data.linear import linear
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package
from crnn_deploy.serving.targets.rapidocr.graph import HEIGHT, for_rapidocr
from crnn_deploy.serving.targets.rapidocr.target import RapidOcrTarget
from crnn_deploy.spec import ModelSpec
from crnn_deploy.zoo import READER


def identity(spec: ModelSpec) -> onnx.ModelProto:
    """A network whose output, `[N, T, K]`, is its input: each column is a frame, and K are all its rows."""
    channels, height = spec.preprocessing.channel_count, spec.preprocessing.height
    order = "0, 2, 1" if spec.output_layout == "NTC" else "2, 0, 1"
    return onnx.parser.parse_model(f"""
        <ir_version: 9, opset_import: ["" : 20]>
        network (float[N, {channels}, {height}, W] images) => (float[A, B, {channels * height}] logits) {{
            shape = Constant <value = int64[3] {{0, {channels * height}, -1}}> ()
            flat = Reshape (images, shape)
            logits = Transpose <perm = [{order}]> (flat)
        }}
    """)


def given(image: Image.Image, width: int) -> Any:
    """`[1, 3, 48, width]` as RapidOCR makes it of a line."""
    resized = linear(np.asarray(image), min(width, -(-HEIGHT * image.width // image.height)), HEIGHT)
    line = np.zeros((1, 3, HEIGHT, width), np.float32)
    line[0, :, :, : resized.shape[1]] = resized[:, :, ::-1].transpose(2, 0, 1) / np.float32(127.5) - 1
    return line


def seen(spec: ModelSpec, line: Any) -> Any:
    """`[C, H, W]`, what the network sees of RapidOCR's line, in its own numbers."""
    model = for_rapidocr(identity(spec), spec)
    session = ort.InferenceSession(model.SerializeToString())
    intermediate = next(node.input[0] for node in model.graph.node if "flat" in node.output)
    model.graph.output.append(onnx.ValueInfoProto(name=intermediate))
    session = ort.InferenceSession(model.SerializeToString())
    return session.run([intermediate], {session.get_inputs()[0].name: line})[0][0]


SPECS: dict[str, dict[str, Any]] = {
    "plain": {},
    "48 pixels": {"height": 48},
    "64 pixels": {"height": 64},
    "edge": {"padding": "edge"},
    "black": {"padding": "black"},
    "mean": {"padding": "mean", "mean": (0.3,), "std": (0.2,)},
    "inverted": {"invert": True},
    "RGB": {"channels": "RGB", "mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.4)},
    "BGR": {"channels": "BGR"},
    "margin": {"margin": 8},
    "multiples": {"width_multiple": 16},
    "bicubic": {"resize": "bicubic"},
    "nearest": {"resize": "nearest"},
}


def line_of_colours() -> Image.Image:
    """A soft picture, which all filters resize alike but for a few levels."""
    rows, columns = np.mgrid[0:60, 0:300]
    waves = [127 + 100 * np.sin(columns / 30 + rows / 40 + shift) for shift in (0, 1, 2)]
    return Image.fromarray(np.dstack(waves).astype(np.uint8))


@pytest.mark.parametrize("fields", SPECS.values(), ids=SPECS)
def test_the_network_sees_what_its_spec_says(fields: dict[str, Any]) -> None:
    """But for the columns on both sides of the line's end, where its padding was mixed in."""
    preprocessing = Preprocessing(**{"height": 32, **fields})
    charset = tuple(map(chr, range(0x4E00, 0x4E00 + preprocessing.channel_count * preprocessing.height - 1)))
    spec = ModelSpec(name="x", charset=charset, preprocessing=preprocessing)
    expected = Preprocessor(preprocessing)(line_of_colours(), "line")
    found = seen(spec, given(line_of_colours(), 400))
    assert found.shape[1] == expected.shape[1]
    assert found.shape[2] % preprocessing.width_multiple == 0
    inside = slice(0, preprocessing.margin + preprocessing.resized_width(300, 60) - 4)
    level = 1 / 255 / min(preprocessing.std)
    assert np.abs(found[:, :, inside] - expected[:, :, inside]).max() < 6 * level
    if preprocessing.padding != "edge":
        last = (
            expected[:, :, -1:]
            if preprocessing.margin
            else Preprocessor(preprocessing).tensor(Preprocessor(preprocessing).pixels(line_of_colours(), "line"), 400)[
                :, :, -1:
            ]
        )
        assert np.abs(found[:, :, -1:] - last).max() < 1.01 * level


def test_classes_come_in_the_order_of_rapidocr() -> None:
    """The blank first and the space last, wherever the model has them; a model without a space gets one."""
    for charset, blank in ((("a", " ", "b"), 3), (("a", "b"), 1), ((" ", "a"), 0)):
        spec = _spec(charset, blank)
        model = for_rapidocr(identity(spec), spec)
        (entry,) = model.metadata_props
        characters = ["blank", *entry.value.splitlines(), " "]
        assert (entry.key, sorted(characters)) == ("character", sorted({"blank", " ", *charset}))
        session = ort.InferenceSession(model.SerializeToString())
        line = np.random.default_rng(0).uniform(-1, 1, (2, 3, HEIGHT, 96)).astype(np.float32)
        (found,) = session.run(None, {session.get_inputs()[0].name: line})
        assert found.shape[2] == len(characters)
        assert found.sum(axis=2) == pytest.approx(1, abs=1e-5)


def _spec(charset: tuple[str, ...], blank: int) -> ModelSpec:
    return ModelSpec(name="x", charset=charset, blank=blank, preprocessing=Preprocessing(height=len(charset) + 1))


def test_rapidocr_reads_with_the_reader_of_the_package(tmp_path: Path) -> None:
    """The check of the package runs RapidOCR itself."""
    pytest.importorskip("rapidocr")
    found = package(PackageConfig(model=READER, target="rapidocr", output=tmp_path / "ocr", examples=4))
    assert {"model.onnx", "verify.py", "README.md", "spec.json", "requirements.txt"} <= set(found.files)
    text = (tmp_path / "ocr" / "README.md").read_text(encoding="utf-8")
    assert "{" not in text.replace('params={"Rec', "")
    assert "language model of the artifact does not count in" in text
    images = str(tmp_path / "ocr" / "examples")
    greedy = predict(PredictConfig(images=(images,), model=READER, decoder="greedy")).readings
    assert [reading.text for reading in found.examples] == [reading.text for reading in greedy]


WRONG: dict[str, dict[str, Any]] = {
    "one fixed width": {"preprocessing": {"height": 32, "width": 100}},
    "center line": {"preprocessing": {"height": 32, "centerline": True}},
    "mean and deviation": {"preprocessing": {"height": 32, "normalise": "image"}},
    "lanczos": {"preprocessing": {"height": 32, "resize": "lanczos"}},
    "sequences": {"charset": ["", "b"], "sequences": [{"classes": [1, 2], "text": "é"}]},
    "order of display": {"text_order": "display"},
    "no single line": {"charset": ["a", "\n"]},
    "names classes": {"task": "classify", "class_names": ["a", "b"]},
}


@pytest.mark.parametrize(("message", "fields"), WRONG.items(), ids=WRONG)
def test_what_rapidocr_cannot_follow_is_refused(tmp_path: Path, message: str, fields: dict[str, Any]) -> None:
    base: dict[str, Any] = {"name": "x", "charset": ["a", "b"], "preprocessing": {"height": 32}}
    spec = ModelSpec.model_validate({**base, **fields})
    artifact = write_onnx(tmp_path / "model.onnx", onnx.load(READER), spec)
    with pytest.raises(InputError, match=message):
        RapidOcrTarget().check(artifact)


def test_an_old_opset_is_refused(tmp_path: Path) -> None:
    model = identity(_spec(("a", "b"), 0))
    model.opset_import[0].version = 17
    artifact = write_onnx(tmp_path / "model.onnx", model, _spec(("a", "b"), 0))
    with pytest.raises(InputError, match="opset 17"):
        RapidOcrTarget().check(artifact)


def test_the_spec_does_not_describe_the_new_graph() -> None:
    model = for_rapidocr(onnx.load(READER), open_artifact(READER).spec)
    assert [entry.key for entry in model.metadata_props] == ["character"]
