"""A package for C++ is built, and reads as crnn-deploy does."""

from __future__ import annotations

import contextlib
import re
import shutil
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import PIL
import pytest
from conv_reader import conv_reader
from cpp_project import Parts, Project, needs_tools
from packaged_specs import LANGUAGE, LANGUAGE_SPECS, PREPROCESSING, SIZES, spec_of
from PIL import Image

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.escaping import tsv_field
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.native import LIBRARY_NAME, ort_custom_ops_path
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.reading.decoder_choice import USUAL_WIDTH, chosen_width
from crnn_deploy.reading.decoding import beam_search, decode
from crnn_deploy.serving.layout import write_expected
from crnn_deploy.serving.package import Package
from crnn_deploy.serving.targets.cpp.target import CppTarget
from crnn_deploy.spec import ModelSpec
from crnn_deploy.zoo import READER

pytestmark = needs_tools
needs_pillow_13 = pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 13, reason="older Pillows resize high images in another order"
)
ODD = ("ab", '"', "\\", "??/", "\u202e", "ﬁ", "e\u0301", "👍🏽", "\t", "\n")
DECODING: dict[str, ModelSpec] = {
    "blank first": spec_of(),
    "blank last, at a temperature": spec_of(blank=8, temperature=1.7),
    "odd texts": spec_of(charset=ODD, blank=5),
    "sequences": spec_of(
        charset=("", "", "c", "d"),
        sequences=[
            {"classes": (1, 2), "text": "x"},
            {"classes": (1, 3, 4), "text": "yz"},
            {"classes": (2, 1), "text": "ü"},
        ],
    ),
    **{f"a language model, {name}": spec for name, spec in LANGUAGE_SPECS.items()},
    "classes": spec_of({"width": 32}, task="classify", class_names=tuple("uvwxyz")),
}
LANGUAGE_FILES = {"language.h", "ctc_beam.h", "ngrams.h"}
SEEN = {name: spec_of(changes) for name, changes in PREPROCESSING.items()}


@pytest.fixture(scope="module")
def parts(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return Parts(project, tmp_path_factory.mktemp("parts"), [*SEEN.values(), *DECODING.values()])


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Images of many sizes, in colours and in grey."""
    folder, values = tmp_path_factory.mktemp("noise"), np.random.default_rng(1)
    for width, height in (*SIZES, (40, 200), (64, 32), (160, 16)):
        Image.fromarray(values.integers(0, 256, (height, width, 3), np.uint8)).save(folder / f"{width}x{height}.ppm")
        Image.fromarray(values.integers(0, 256, (height, width), np.uint8)).save(folder / f"{width}x{height}.pgm")
    return sorted(folder.iterdir())


def test_the_folder_is_complete(packaged_for_cpp: Package) -> None:
    folder = Path(packaged_for_cpp.path)
    written = {"CMakeLists.txt", "crnn_reader.h", "crnn_reader.cc", "model_spec.h", "spec.json", "README.md"}
    assert {*written, *LANGUAGE_FILES} <= set(packaged_for_cpp.files)
    assert [example.path for example in packaged_for_cpp.examples] == [f"{number:02}.pnm" for number in range(1, 5)]
    assert not any(Path(name).suffix in (".py", ".o", ".a") for name in packaged_for_cpp.files)
    assert not re.search(r"\{\w+\}", (folder / "README.md").read_text(encoding="utf-8"))
    assert "examples/01.pnm" in (folder / "README.md").read_text(encoding="utf-8")


def test_without_a_language_model_there_is_no_search(tmp_path: Path) -> None:
    artifact = conv_reader(tmp_path / "conv.onnx", spec_of())
    (tmp_path / "reader" / "examples").mkdir(parents=True)
    (tmp_path / "reader" / "examples" / "01.pnm").touch()
    CppTarget().write(tmp_path / "reader", artifact)
    assert not LANGUAGE_FILES & {file.name for file in (tmp_path / "reader").iterdir()}
    assert "language" not in (tmp_path / "reader" / "model_spec.h").read_text(encoding="utf-8")


def test_files_stay_short(packaged_for_cpp: Package) -> None:
    for file in Path(packaged_for_cpp.path).rglob("*"):
        if file.suffix in (".h", ".cc", ".txt"):
            rows = file.read_text(encoding="utf-8").splitlines()
            assert len(rows) <= 250 or file.name == "model_spec.h"  # which holds the n-grams
            assert max(map(len, rows)) <= 120


@needs_pillow_13
@pytest.mark.parametrize("spec", SEEN.values(), ids=SEEN)
def test_the_input_is_the_same_to_the_bit(spec: ModelSpec, parts: Parts, noise: list[Path]) -> None:
    for image, found in zip(noise, parts.inputs(spec, noise), strict=True):
        expected = Preprocessor(spec.preprocessing)(Image.open(image), "image")
        assert np.array_equal(found, expected), image.name


@pytest.mark.parametrize("as_probabilities", [False, True], ids=["logits", "probabilities"])
@pytest.mark.parametrize("spec", DECODING.values(), ids=DECODING)
def test_decoding_is_that_of_crnn_deploy(spec: ModelSpec, as_probabilities: bool, parts: Parts) -> None:
    values = np.random.default_rng(2)
    texts = set()
    search = beam_search(spec, chosen_width(spec, "auto", USUAL_WIDTH))
    for scale in (0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 30):
        frames = values.normal(0, scale, (1 if spec.task == "classify" else 40, spec.num_outputs)).astype(np.float32)
        if as_probabilities:
            frames = np.exp(frames - frames.max(-1, keepdims=True))
            frames /= frames.sum(-1, keepdims=True)
        batch = frames if spec.task == "classify" else frames[np.newaxis]
        text, confidence = parts.decode(spec, frames)
        assert text == decode(batch, spec, search)[0]
        assert confidence == pytest.approx(confidences(batch, spec)[0], abs=1e-5)
        texts.add(text)
    assert len(texts) > 1


def test_outputs_that_are_no_numbers_are_refused(parts: Parts) -> None:
    frames = np.zeros((3, 9), np.float32)
    for value in (np.nan, np.inf):
        frames[1, 4] = value
        with pytest.raises(AssertionError, match="NaN or infinite"):
            parts.decode(DECODING["blank first"], frames)


def test_its_test_passes_and_notices_another_text(project: Project) -> None:
    code, said = project.check()
    assert code == 0, said
    assert "4 of 4 examples read as expected" in said
    table = project.folder / "examples" / "expected.tsv"
    right = table.read_text(encoding="utf-8")
    for wrong in (right.replace("02.pnm\t", "02.pnm\tx"), re.sub(r"[.\d]+(?=\n03)", "0.1", right), right[:21]):
        table.write_text(wrong, encoding="utf-8")
        code, said = project.check()
        assert code != 0
        assert "examples differ" in said
    table.write_text(right, encoding="utf-8")


def test_real_lines_read_as_predict_reads_them(project: Project, shared_data: Path, tmp_path: Path) -> None:
    for name, count in (("sroie_lines", 150), ("captcha_v2", 50)):
        with tarfile.open(shared_data / name / "val.tar") as archive:
            for member in islice((m for m in archive if m.name.endswith((".png", ".jpg"))), count):
                file = archive.extractfile(member)
                assert file is not None
                with Image.open(file) as image:
                    image.convert("RGB").save(tmp_path / f"{name}_{Path(member.name).stem}.ppm")
    expected = predict(PredictConfig(images=(str(tmp_path),), model=READER)).readings
    code, rows, said = project.read(*(reading.path for reading in expected))
    assert (code, said, len(rows)) == (0, "", 200)
    same = [row[1] == tsv_field(reading.text) for row, reading in zip(rows, expected, strict=True)]
    assert sum(same) >= 199
    assert [float(row[2]) for row in rows] == pytest.approx([reading.confidence for reading in expected], abs=0.01)


@contextlib.contextmanager
def changed(file: Path) -> Iterator[Path]:
    """A file that the block may change."""
    before = file.read_bytes()
    yield file
    file.write_bytes(before)


def test_a_model_that_does_not_fit_is_told(project: Project, tmp_path: Path) -> None:
    example, spec = project.folder / "examples" / "04.pnm", open_artifact(READER).spec
    few = conv_reader(tmp_path / "few.onnx", spec.model_copy(update={"charset": ("a", "b"), "blank": 0}))
    poisoned = onnx.load(conv_reader(tmp_path / "conv.onnx", spec).path)
    weights = poisoned.graph.initializer[0]
    weights.raw_data = np.full(weights.dims, np.nan, np.float32).tobytes()
    with changed(project.folder / "model.onnx") as model:
        shutil.copyfile(few.path, model)
        assert "not that of the spec" in project.read(example)[2]
        onnx.save(poisoned, model)
        assert "NaN or infinite" in project.read(example)[2]
        for data in (b"", b"no model"):
            model.write_bytes(data)
            code, rows, said = project.read(example)
            assert (code, rows) == (2, [])
            assert said.startswith("The model cannot be loaded: ")


@pytest.mark.skipif(ort_custom_ops_path() is None, reason="the kernels were not built")
def test_a_broken_library_of_kernels_is_left_out(project: Project) -> None:
    example = project.folder / "examples" / "04.pnm"
    expected = project.read(example)[1][0][1]
    with changed(project.folder / LIBRARY_NAME) as library:
        library.write_bytes(b"of another system")
        assert project.read(example)[1][0][1] == expected


MODELS: dict[str, tuple[ModelSpec, dict[str, Any]]] = {
    "time first, five at once, behind another output": (
        spec_of(charset=ODD, blank=3, output_layout="TNC"),
        {"batch": 5, "second_output": True},
    ),
    "a language model, time first, three at once": (
        spec_of(charset=tuple("abcd 012"), blank=8, output_layout="TNC", language_model=LANGUAGE),
        {"batch": 3},
    ),
    "probabilities of classes": (
        spec_of({"width": 32, "channels": "BGR"}, task="classify", class_names=tuple("uvwxyz")),
        {"softmax": True, "batch": 4},
    ),
}


@pytest.mark.parametrize(("spec", "options"), MODELS.values(), ids=MODELS)
def test_other_models_read_as_predict_reads(
    spec: ModelSpec, options: dict[str, Any], project: Project, noise: list[Path], tmp_path: Path
) -> None:
    artifact = conv_reader(tmp_path / "conv.onnx", spec, **options)
    project.take(artifact)
    images = [str(path) for path in noise if spec.preprocessing.width or "301x17" not in path.name]
    expected = predict(PredictConfig(images=tuple(images), model=artifact.path)).readings
    code, rows, said = project.read(*images)
    assert (code, said) == (0, "")
    assert [row[1] for row in rows] == [shown(reading.text) for reading in expected]
    assert [float(row[2]) for row in rows] == pytest.approx([reading.confidence for reading in expected], abs=1e-3)
    named = [reading.model_copy(update={"path": str(image)}) for reading, image in zip(expected, images, strict=True)]
    write_expected(project.folder, named)
    code, said = project.check()  # reads them as a list
    assert code == 0, said


def shown(text: str) -> str:
    """What `read` prints of a text: ASCII alone is escaped."""
    return "".join(tsv_field(c) if c.isascii() else c for c in text)
