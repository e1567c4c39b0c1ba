"""A package for C++ is built, and reads as crnn-deploy does."""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
import sys
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
from cpp_project import CAPI, WARNINGS, Parts, Project, run
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
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.layout import write_expected
from crnn_deploy.serving.package import Package, package
from crnn_deploy.serving.targets.cpp.target import CppTarget
from crnn_deploy.spec import ModelSpec
from crnn_deploy.zoo import READER

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not all(map(shutil.which, ("cmake", "c++"))), reason="needs CMake and a C++ compiler"
)
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
LANGUAGE_FILES = {"language.h", "ctc_beam.h"}
SEEN = {name: spec_of(changes) for name, changes in PREPROCESSING.items()}


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package of the reader that comes with crnn-deploy, which was built without any warning."""
    folder = tmp_path_factory.mktemp("package") / "reader"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXXFLAGS", " ".join(WARNINGS))
        return package(PackageConfig(model=READER, target="cpp", output=folder, examples=4))


@pytest.fixture(scope="module")
def project(packaged: Package, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of it, built with sanitizers."""
    scratch = tmp_path_factory.mktemp("sanitized")
    copy = Path(shutil.copytree(packaged.path, scratch / "reader"))
    built = Project(copy, scratch / "build")
    built.configure()
    built.make()
    return built


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


def test_the_folder_is_complete(packaged: Package) -> None:
    folder = Path(packaged.path)
    written = {"CMakeLists.txt", "crnn_reader.h", "crnn_reader.cc", "model_spec.h", "spec.json", "README.md"}
    assert {*written, *LANGUAGE_FILES} <= set(packaged.files)
    assert [example.path for example in packaged.examples] == [f"{number:02}.pnm" for number in range(1, 5)]
    assert not any(Path(name).suffix in (".py", ".o", ".a") for name in packaged.files)
    assert not re.search(r"\{\w+\}", (folder / "README.md").read_text(encoding="utf-8"))
    assert "examples/01.pnm" in (folder / "README.md").read_text(encoding="utf-8")


def test_without_a_language_model_there_is_no_search(tmp_path: Path) -> None:
    artifact = conv_reader(tmp_path / "conv.onnx", spec_of())
    (tmp_path / "reader" / "examples").mkdir(parents=True)
    (tmp_path / "reader" / "examples" / "01.pnm").touch()
    CppTarget().write(tmp_path / "reader", artifact)
    assert not LANGUAGE_FILES & {file.name for file in (tmp_path / "reader").iterdir()}
    assert "language" not in (tmp_path / "reader" / "model_spec.h").read_text(encoding="utf-8")


def test_files_stay_short(packaged: Package) -> None:
    for file in Path(packaged.path).rglob("*"):
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


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_files_of_libraries_are_read_where_these_are(kind: str, project: Project, tmp_path: Path) -> None:
    with Image.open(project.folder / "examples" / "04.pnm") as image:
        kinds = {"L": image.convert("L"), "RGB": image.convert("RGB")}
        kinds |= {"RGBA": image.convert("RGBA"), "P": image.convert("P")} if kind == "PNG" else {}
    for mode, each in kinds.items():
        (tmp_path / mode).write_bytes(encoded(each, kind))
    code, rows, said = project.read(*sorted(tmp_path.iterdir()))
    if "built without" in said:
        pytest.skip(f"CMake found no library for {kind}")
    assert code == 0
    assert {row[1] for row in rows} == {open_example(project)}


def open_example(project: Project) -> str:
    """The text of the last example."""
    return project.read(project.folder / "examples" / "04.pnm")[1][0][1]


BAD: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"P",
    "no header": b"P5",
    "a comment without an end": b"P5 #",
    "no pixels": b"P5 0 7 255\n",
    "negative": b"P5 -1 1 255\nx",
    "too many pixels": b"P6 60000 60000 255\n",
    "numbers that overflow": b"P5 99999999999999999999 1 255\n",
    "cut off": b"P5 100 100 255\nabc",
    "16 bits": b"P5 2 2 65535\n12345678",
    "a cut PNG": encoded(Image.new("L", (90, 30)), "PNG")[:60],
    "a cut JPEG": encoded(Image.effect_noise((90, 30), 50), "JPEG")[:900],
    "no image": b"GIF89a",
}


def test_what_is_no_image_is_refused_and_the_others_are_read(project: Project, tmp_path: Path) -> None:
    for name, data in BAD.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "small").write_bytes(b"P5\n# one pixel\n1 1\n255\nx")
    (tmp_path / "wide").write_bytes(b"P5 1000000 1 255\n" + bytes(1_000_000))
    (tmp_path / "high").write_bytes(b"P6 1 100000 255\n" + bytes(300_000))
    code, rows, said = project.read(*(tmp_path / name for name in ("small", *BAD, "wide", "high", "absent")))
    assert code == 1
    assert [Path(row[0]).name for row in rows] == ["small", "wide", "high"]
    assert [Path(row.split(" cannot be read: ")[0]).name for row in said.splitlines()] == [*BAD, "absent"]


def test_noise_in_files_is_survived(project: Project, tmp_path: Path) -> None:
    values, line = random.Random(0), Image.effect_noise((200, 30), 60)
    for kind in ("PPM", "PNG", "JPEG"):
        good = encoded(line, kind)
        for number in range(30):
            data = bytearray(good)
            for _ in range(values.randint(1, 20)):
                data[values.randrange(len(data) if number % 2 else 30)] = values.randrange(256)
            (tmp_path / f"{number}.{kind}").write_bytes(data)
    code, rows, said = project.read(*tmp_path.iterdir())
    assert code in (0, 1)
    assert len(rows) + len(said.splitlines()) == 90


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


HEADERS = Path(sys.prefix) / "ort-headers"
PLACES = Path(__file__).parents[1] / "cpp" / "c_api_places.cc"


@pytest.mark.skipif(not HEADERS.is_dir(), reason="needs ONNX Runtime's header: run `make install` with npm")
def test_the_short_header_agrees_with_that_of_onnx_runtime(packaged: Package, tmp_path: Path) -> None:
    folder = Path(packaged.path)
    said = []
    for headers in (folder / "onnxruntime", HEADERS):
        done = run("c++", "-std=c++17", "-isystem", headers, PLACES, "-o", tmp_path / "places")
        assert done.returncode == 0, done.stderr.decode()
        said.append(run(tmp_path / "places").stdout.decode().splitlines())
    assert said[0] == said[1]
    functions = set(re.findall(r"ort\(\)\.(\w+)", (folder / "crnn_reader.cc").read_text(encoding="utf-8")))
    assert functions <= {row.split()[0] for row in said[0]}
    flags = ("-std=c++17", "-fsyntax-only", *WARNINGS, "-isystem", HEADERS, "-I", folder)
    done = run("c++", *flags, folder / "crnn_reader.cc")
    assert done.returncode == 0, done.stderr.decode()


def test_it_is_a_part_of_another_project(packaged: Package, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(other LANGUAGES CXX)\n"
        f"add_subdirectory({packaged.path} reader)\nadd_executable(other other.cc)\n"
        "target_link_libraries(other PRIVATE crnn_reader)\n",
        encoding="utf-8",
    )
    (tmp_path / "other.cc").write_text("int main() {}\n", encoding="utf-8")
    done = run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DONNXRUNTIME_ROOT={CAPI}")
    assert done.returncode == 0, done.stderr.decode()
    done = run("cmake", "--build", tmp_path / "build", "--target", "help")
    assert b"crnn_reader" in done.stdout
    assert b"check" not in done.stdout


def test_without_onnx_runtime_cmake_says_what_to_set(packaged: Package, tmp_path: Path) -> None:
    done = run("cmake", "-S", packaged.path, "-B", tmp_path / "build", f"-DONNXRUNTIME_ROOT={tmp_path}")
    if done.returncode == 0:
        pytest.skip("ONNX Runtime is installed on this system")
    assert b"set ONNXRUNTIME_ROOT" in done.stderr
