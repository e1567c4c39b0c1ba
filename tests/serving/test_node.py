"""The module for Node.js reads as crnn-deploy does, whatever the spec."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import PIL
import pytest
from conv_reader import conv_reader
from javascript_packages import run_script, write_pixels
from packaged_specs import LANGUAGE_SPECS, MODELS, PREPROCESSING, SIZES, preprocessing, spec_of
from PIL import Image

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.beam import best_prefix
from crnn_deploy.reading.decoder_choice import USUAL_WIDTH
from crnn_deploy.reading.language import language_of
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.layout import MODEL, write_model
from crnn_deploy.serving.package import package
from crnn_deploy.serving.targets.javascript.npm import VERSION, installed
from crnn_deploy.serving.targets.node.target import NodeTarget
from crnn_deploy.serving.targets.python.crnn_reader import Reader
from crnn_deploy.zoo import READER


def noise(width: int, height: int, mode: str, seed: int = 1) -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels, mode)


def cases() -> list[tuple[Preprocessing, Image.Image]]:
    """All kinds of specs and images, and noise of many random sizes for each filter."""
    modes = ("L", "RGB", "LA", "RGBA")
    found = [
        (preprocessing(changes), noise(*size, mode))
        for changes in PREPROCESSING.values()
        for size in SIZES
        for mode in modes
    ]
    random = np.random.default_rng(7)
    for number in range(60):
        for method in ("nearest", "bilinear", "bicubic", "lanczos", "linear"):
            width, height = (int(2 ** random.uniform(0, 8)) for _ in range(2))
            seen = Preprocessing(height=int(random.integers(1, 65)), resize=method, max_width=300)
            found.append((seen, noise(width, height, modes[number % 2], number)))
    return found


@pytest.mark.skipif(int(PIL.__version__.split(".")[0]) < 13, reason="earlier versions resize columns first")
def test_the_input_is_the_same_to_the_bit(packaged_for_node: Path, tmp_path: Path) -> None:
    tried = cases()
    write_pixels(tmp_path, [image for _, image in tried])
    (tmp_path / "seen.json").write_text(json.dumps([seen.model_dump(mode="json") for seen, _ in tried]))
    widths = run_script("network_inputs.mjs", packaged_for_node, tmp_path)
    numbers, at = np.fromfile(tmp_path / "inputs.bin", np.float32), 0
    for (seen, image), width in zip(tried, widths, strict=True):
        expected = Preprocessor(seen)(image, "image")
        found = numbers[at : at + expected.size].reshape(expected.shape)
        at += expected.size
        assert width == expected.shape[2]
        tolerance = 1e-6 * np.abs(expected).max() if seen.normalise == "image" else 0  # sums in another order
        assert np.abs(found - expected).max() <= tolerance, (seen, image)
    assert at == len(numbers)


def test_transparency_is_that_of_people(packaged_for_node: Path, tmp_path: Path) -> None:
    """Light strokes stand on black paper, and dark ones on white."""
    images = []
    for level, opacity in ((10, 255), (250, 220), (128, 128), (9, 0)):
        pixels = np.zeros((12, 30, 4), np.uint8)
        pixels[4:8, 5:25] = (level, level + 1, level + 2, opacity)
        images += [Image.fromarray(pixels), Image.fromarray(pixels).convert("LA")]
    seen = Preprocessing(height=12, mean=(0.0,), std=(1.0,))
    write_pixels(tmp_path, images)
    (tmp_path / "seen.json").write_text(json.dumps([seen.model_dump(mode="json")] * len(images)))
    run_script("network_inputs.mjs", packaged_for_node, tmp_path)
    expected = [Preprocessor(seen)(image, "image").ravel() for image in images]
    assert np.array_equal(np.fromfile(tmp_path / "inputs.bin", np.float32), np.concatenate(expected))


def test_texts_and_confidences_are_those_of_python(packaged_for_node: Path, tmp_path: Path) -> None:
    images = [noise(*size, mode, seed) for seed, size in enumerate(SIZES) for mode in ("L", "RGB")]
    folders = []
    for name, (spec, options) in MODELS.items():
        folders.append(tmp_path / name.replace(":", ""))
        folders[-1].mkdir()
        write_model(conv_reader(folders[-1] / "conv.onnx", spec, **options), folders[-1])
        write_pixels(folders[-1], images)
    for folder, found in zip(folders, run_script("readings.mjs", packaged_for_node, *folders), strict=True):
        expected = Reader(folder / MODEL, threads=1)(images)
        assert [reading["text"] for reading in found] == [reading.text for reading in expected], folder.name
        assert [reading["confidence"] for reading in found] == pytest.approx([r.confidence for r in expected], abs=1e-5)


def test_receipts_read_as_in_python(packaged_for_node: Path, receipts: dict[str, bytes], tmp_path: Path) -> None:
    """Without kernels beside it, Python runs the recurrent layers in FP32, as JavaScript always does."""
    images = [Image.open(io.BytesIO(file)) for file in receipts.values()]
    shutil.copytree(packaged_for_node, tmp_path / "reader", symlinks=True)
    write_pixels(tmp_path / "reader", images)
    (found,) = run_script("readings.mjs", packaged_for_node, tmp_path / "reader")
    expected = Reader(packaged_for_node / MODEL, threads=1)(images)
    same = sum(one["text"] == other.text for one, other in zip(found, expected, strict=True))
    assert same >= 0.995 * len(images)


def test_examples_are_decoded_as_by_pillow(packaged_for_node: Path, tmp_path: Path) -> None:
    """PNG files with all filters of rows."""
    rows, columns = np.mgrid[0:40, 0:61]
    wave = (127 + 100 * np.sin(columns / 9 + rows / 7)).astype(np.uint8)
    images = [noise(31, 17, "L"), noise(31, 17, "RGB"), Image.fromarray(wave), Image.fromarray(np.dstack([wave] * 3))]
    files = [tmp_path / f"{number}.png" for number in range(len(images))]
    for image, file in zip(images, files, strict=True):
        image.save(file)
    found = run_script("pngs.mjs", packaged_for_node, *files)
    assert found == [np.asarray(image).ravel().tolist() for image in images]


def test_what_is_no_image_is_refused(packaged_for_node: Path) -> None:
    said = run_script("refusals.mjs", packaged_for_node)
    assert len(said) == 5
    assert all(each.startswith("RangeError: an image") for each in said)


def test_the_folder_is_complete(packaged_for_node: Path) -> None:
    names = {path.name for path in packaged_for_node.iterdir()} - {"node_modules"}
    modules = {
        "reading.js",
        "language.js",
        "network-input.js",
        "resize.js",
        "expected.js",
        "png.js",
        "verifying.js",
        "verify.js",
    }
    own = {"crnn-reader.js", "crnn-reader.d.ts", "package.json", "README.md", "spec.json", "examples", MODEL}
    assert names == modules | own
    assert 'from "./language.js"' in (packaged_for_node / "crnn-reader.js").read_text(encoding="utf-8")
    described = json.loads((packaged_for_node / "package.json").read_text(encoding="utf-8"))
    assert described["dependencies"] == {"onnxruntime-node": f"^{VERSION}"}
    text = (packaged_for_node / "README.md").read_text(encoding="utf-8")
    assert "await reader.read({ data, width, height, channels })" in text
    assert "{{" not in text


def test_without_a_language_model_there_is_no_search(tmp_path: Path) -> None:
    (tmp_path / "reader" / "examples").mkdir(parents=True)
    (tmp_path / "reader" / "examples" / "01.png").touch()
    NodeTarget().write(tmp_path / "reader", conv_reader(tmp_path / "conv.onnx", spec_of()))
    assert not any("language" in file.name for file in (tmp_path / "reader").iterdir())
    assert "language" not in (tmp_path / "reader" / "crnn-reader.js").read_text(encoding="utf-8")


def test_the_search_finds_the_texts_of_crnn_deploy(packaged_for_node: Path, tmp_path: Path) -> None:
    """In logits and probabilities, wherever the blank is, and where classes stand for several characters."""
    random, outputs, expected = np.random.default_rng(4), [], []
    specs = list(LANGUAGE_SPECS.values())
    for number in range(400):
        spec = specs[number % len(specs)]
        spread = (0.4, 1.5, 5.0)[number // len(specs) % 3]
        frames = random.normal(0, spread, (random.integers(1, 40), spec.num_outputs)).astype(np.float32)
        frames[::2, spec.blank] += 2 * spread
        if number % 2:
            frames = np.exp(frames - frames.max(-1, keepdims=True))
            frames /= frames.sum(-1, keepdims=True)
        outputs.append({"spec": number % len(specs), "areProbabilities": bool(number % 2), "frames": frames.tolist()})
        language = language_of(spec)
        expected.append(best_prefix(frames, spec.blank, USUAL_WIDTH, language, logarithmic=not number % 2))
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))
    (tmp_path / "specs.json").write_text(json.dumps([spec.model_dump(mode="json") for spec in specs]))
    found = run_script("searches.mjs", packaged_for_node, tmp_path)
    assert found == expected
    assert len({tuple(text) for text in expected}) > 300


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["node", str(folder / "verify.js")], capture_output=True, text=True, check=False)


@pytest.fixture
def copy(packaged_for_node: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packaged_for_node, tmp_path / "copy", symlinks=True))


def test_the_check_notices_another_text_or_confidence(copy: Path) -> None:
    table = copy / "examples" / "expected.tsv"
    first, *rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    assert verified(copy).stdout == "4 of 4 examples read as expected\n"
    name, text, confidence = rows[1].split("\t")
    for wrong, said in ((f"{name}\tx\\x41\t{confidence}", 'expected "xA"'), (f"{name}\t{text}\t0.1\n", "expected 0.1")):
        table.write_text("".join([first, rows[0], wrong, *rows[2:]]), encoding="utf-8")
        done = verified(copy)
        assert done.returncode == 1
        assert done.stdout.startswith("1 of 4 examples differ: 02.png")
        assert said in done.stdout
    table.write_text(first, encoding="utf-8")
    assert verified(copy).returncode == 1


def test_a_model_that_cannot_be_loaded_is_told_in_one_line(copy: Path) -> None:
    (copy / MODEL).write_bytes(b"x")
    done = verified(copy)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("the examples cannot be read: ")


def test_outputs_of_other_numbers_are_refused(tmp_path: Path) -> None:
    path = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    model = onnx.load(path)
    (output,) = model.graph.output
    model.graph.node.append(onnx.helper.make_node("Cast", [output.name], ["half"], to=onnx.TensorProto.FLOAT16))
    output.name, output.type.tensor_type.elem_type = "half", onnx.TensorProto.FLOAT16
    onnx.save(model, path)
    with pytest.raises(InputError, match="logits that are not FP32"):
        package(PackageConfig(model=path, target="node", output=tmp_path / "package"))


@pytest.mark.parametrize("program", ["node", "npm"])
def test_a_missing_program_is_told_before_anything_is_written(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = tmp_path / "bin"
    others.mkdir()
    (others / ("npm" if program == "node" else "node")).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(others))
    with pytest.raises(InputError, match=f"{program} is not installed"):
        package(PackageConfig(model=READER, target="node", output=tmp_path / "new" / "package"))
    assert not (tmp_path / "new").exists()


def test_a_package_that_cannot_be_fetched_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, body in (("npm", "echo 'npm error code ENOTFOUND' >&2; exit 1"), ("node", "exit 0")):
        (bin_folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (bin_folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="ENOTFOUND"):
        installed("onnxruntime-node")
    assert not any(path.is_dir() for path in (tmp_path / "cache" / "npm").iterdir())
