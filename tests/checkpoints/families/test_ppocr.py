"""PaddleOCR's recognisers are known by the charset that travels with them; the artifact gives logits."""

from __future__ import annotations

import unicodedata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image, ImageDraw, ImageFont

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.families.ppocr import unrepeated
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.reading.decoding import greedy_decode
from crnn_deploy.runtime.opening import open_session


def recogniser(path: Path, outputs: int, metadata: dict[str, str] | None = None, softmax: bool = True) -> Path:
    """The mean over colours and height times random weights, as probabilities: `[N, 3, 48, W]` → `[N, W, outputs]`."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["columns"], axes=[1, 2], keepdims=0),
        helper.make_node("Unsqueeze", ["columns"], ["steps"], axes=[2]),
        helper.make_node("MatMul", ["steps", "w"], ["logits" if softmax else "y"]),
    ]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["logits"], ["y"], axis=2))
    weights = np.random.default_rng(0).normal(size=(1, outputs)).astype(np.float32)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 48, "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "t", outputs])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, path)
    return path


def importing(checkpoint: Path, **options: Any) -> Artifact:
    return import_checkpoint(
        ImportConfig(checkpoint=checkpoint, output=checkpoint.with_name("teacher.onnx"), **options)
    )


def logits_of(artifact: Artifact, images: NDArray[np.float32]) -> NDArray[np.float32]:
    return open_session(artifact, threads=1).run(images)


@pytest.mark.parametrize("key", ["character", "dictionary"])
def test_the_charset_in_the_metadata_is_found(tmp_path: Path, key: str) -> None:
    spec = importing(recogniser(tmp_path / "r.onnx", 5, {key: "a\nb\n文"})).spec
    assert spec.alphabet == ("", "a", "b", "文", " ")
    assert spec.lineage[0].options["family"] == "ppocr"
    assert (spec.preprocessing.channels, spec.preprocessing.height) == ("BGR", 48)


def test_the_charset_in_paddles_file_beside_the_model_is_found(tmp_path: Path) -> None:
    (tmp_path / "inference.yml").write_text("PostProcess: {name: CTCLabelDecode, character_dict: ['0', 🇩🇪]}")
    assert importing(recogniser(tmp_path / "r.onnx", 4)).spec.charset == ("0", "🇩🇪", " ")


@pytest.mark.parametrize("content", ["PostProcess:", "PostProcess: {character_dict: 3}", "[]", ""])
def test_a_file_of_that_name_that_is_not_paddles_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "inference.yml").write_text(content)
    with pytest.raises(InputError, match="needs a spec"):
        importing(recogniser(tmp_path / "r.onnx", 4))


def test_a_head_without_a_class_for_the_space_gets_none(tmp_path: Path) -> None:
    assert importing(recogniser(tmp_path / "r.onnx", 3, {"character": "a\nb"})).spec.charset == ("a", "b")


def test_of_repeated_characters_the_last_stays(tmp_path: Path) -> None:
    charset = unrepeated(["a", " ", "b", " "])
    assert charset[::2] == ("a", "b")
    assert charset[3] == " "
    assert unicodedata.category(charset[1]) == "Co"  # private use
    assert unicodedata.category(unrepeated([" "] * 20_000)[-2]) == "Co"
    assert importing(recogniser(tmp_path / "r.onnx", 4, {"character": "a\n "})).spec.charset[2] == " "


def test_a_charset_of_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="charset doesn't fit the head"):
        importing(recogniser(tmp_path / "r.onnx", 9, {"character": "a\nb"}))


def test_without_a_charset_it_needs_a_spec(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs a spec"):
        importing(recogniser(tmp_path / "r.onnx", 4, {"author": "me"}))


def test_lines_are_padded_in_grey_to_320_pixels(tmp_path: Path) -> None:
    preprocessing = importing(recogniser(tmp_path / "r.onnx", 4, {"character": "a\nb"})).spec.preprocessing
    x = Preprocessor(preprocessing)(Image.new("RGB", (60, 30), "black"), "a plate")
    assert x.shape[2] == 320
    assert np.all(x[:, :, :96] == -1)
    assert np.abs(x[:, :, 96:]).max() < 0.005


def test_a_spec_wins_over_what_was_found(tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text("preprocessing: {width_multiple: 32}\n")
    found = importing(recogniser(tmp_path / "r.onnx", 4, {"character": "a\nb"}), spec=spec).spec
    assert found.preprocessing.width_multiple == 32
    assert found.charset == ("a", "b", " ")


@pytest.mark.parametrize("softmax", [True, False])
def test_the_artifact_gives_logits(tmp_path: Path, softmax: bool) -> None:
    checkpoint = recogniser(tmp_path / "r.onnx", 5, {"character": "a\nb\nc"}, softmax)
    images = np.random.default_rng(1).normal(size=(2, 3, 48, 24)).astype(np.float32)
    logits = logits_of(importing(checkpoint), images)
    (expected,) = onnxruntime.InferenceSession(checkpoint).run(None, {"x": images})
    assert logits.min() < 0
    given = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True) if softmax else logits
    np.testing.assert_allclose(given, expected, atol=1e-6)


def test_rapidocrs_recogniser_reads(tmp_path: Path) -> None:
    rapidocr = find_spec("rapidocr")
    if rapidocr is None or rapidocr.origin is None:
        pytest.skip("needs the extra 'teachers'")
    original = Path(rapidocr.origin).parent / "models" / "PP-OCRv6_rec_small.onnx"
    artifact = import_checkpoint(ImportConfig(checkpoint=original, output=tmp_path / "teacher.onnx"))
    image = Image.new("RGB", (330, 48), "white")
    ImageDraw.Draw(image).text((6, 4), "Total: 12.50", "black", ImageFont.load_default(36))
    logits = logits_of(artifact, Preprocessor(artifact.spec.preprocessing)(image, "line")[None])
    assert greedy_decode(logits, artifact.spec) == ["Total: 12.50"]
