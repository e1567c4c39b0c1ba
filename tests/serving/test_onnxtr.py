"""OnnxTR reads with our models in place of its own."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from conv_reader import conv_reader
from numpy.typing import NDArray
from ocr_programs import path_with
from packaged_specs import LANGUAGE, spec_of

from crnn_deploy import Reader
from crnn_deploy.errors import InputError
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.layout import write_model
from crnn_deploy.serving.package import package
from crnn_deploy.serving.targets.onnxtr.target import OnnxTrTarget
from crnn_deploy.serving.targets.python.module import SEARCH
from crnn_deploy.zoo import READER

HEIGHT = 48


@pytest.fixture
def recogniser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The recogniser of a package, over a class in place of OnnxTR's `CRNN`."""
    folder = tmp_path / "ocr"
    (folder / "examples").mkdir(parents=True)
    (folder / "examples" / "01.png").touch()
    artifact = conv_reader(tmp_path / "conv.onnx", spec_of({"channels": "RGB"}, language_model=LANGUAGE))
    write_model(artifact, folder)
    OnnxTrTarget().write(folder, artifact)
    stand_in = ModuleType("onnxtr.models.recognition")
    stand_in.CRNN = object  # type: ignore[attr-defined]
    for name in ("onnxtr", "onnxtr.models"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    for name in ("crnn_onnxtr", "crnn_reader", *(Path(name).stem for name in SEARCH)):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    return importlib.import_module("crnn_onnxtr").Recogniser(threads=1)


def padded(word: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """`[H, W, 3]` as OnnxTR makes it: black below and on the right, from 0 to 1."""
    canvas = np.zeros((*size, 3), np.uint8)
    canvas[: word.shape[0], : word.shape[1]] = word
    return canvas.astype(np.float32) / 255


def test_words_of_a_batch_read_as_crnn_deploy_reads_them(recogniser: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    sizes = ((HEIGHT, 60), (HEIGHT, 200), (HEIGHT, 384), (30, 384))
    words = [random.integers(1, 256, (*size, 3), np.uint8) for size in sizes]
    _, *size = recogniser.cfg["input_shape"]
    batch = np.stack([padded(word, (size[0], size[1])) for word in words])
    expected = Reader(tmp_path / "conv.onnx")(words)
    found = recogniser((batch - np.float32(recogniser.cfg["mean"])) / np.float32(recogniser.cfg["std"]))["preds"]
    assert [text for text, _ in found] == [reading.text for reading in expected]
    assert [confidence for _, confidence in found] == pytest.approx([each.confidence for each in expected], abs=1e-5)
    assert len({text for text, _ in found}) > 1


def test_a_black_word_is_read_as_it_is(recogniser: Any) -> None:
    assert len(recogniser(np.zeros((2, HEIGHT, 384, 3), np.float32))["preds"]) == 2


def test_onnxtr_reads_with_the_reader_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the package runs OnnxTR itself."""
    monkeypatch.setattr(sys, "path", path_with("onnxtr"))
    found = package(PackageConfig(model=READER, target="onnxtr", output=tmp_path / "ocr", examples=4))
    assert {"model.onnx", "crnn_onnxtr.py", "crnn_reader.py", "verify.py", "README.md"} <= set(found.files)
    assert "{" not in (tmp_path / "ocr" / "README.md").read_text(encoding="utf-8")


def test_a_classifier_is_refused(tmp_path: Path) -> None:
    artifact = conv_reader(tmp_path / "c.onnx", spec_of({"width": 32}, task="classify", class_names=("a", "b")))
    with pytest.raises(InputError, match="names classes"):
        OnnxTrTarget().check(artifact)


def test_without_onnxtr_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crnn_deploy.serving.targets.checking.find_spec", lambda _: None)
    with pytest.raises(InputError, match="OnnxTR is not installed") as error:
        OnnxTrTarget().check(conv_reader(tmp_path / "conv.onnx", spec_of()))
    assert "crnn-deploy[onnxtr]" in str(error.value.fix)
