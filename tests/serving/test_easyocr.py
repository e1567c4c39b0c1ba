"""EasyOCR reads with our models in place of its own."""

from __future__ import annotations

import importlib
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from conv_reader import conv_reader
from numpy.typing import NDArray
from ocr_programs import path_with
from packaged_specs import LANGUAGE, MODELS, PREPROCESSING, SIZES, preprocessing, spec_of
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.artifact import Artifact
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.layout import write_model
from crnn_deploy.serving.package import package
from crnn_deploy.serving.targets.easyocr.target import LEAST_HEIGHT, NAME, EasyOcrTarget
from crnn_deploy.spec import ModelSpec
from crnn_deploy.zoo import READER

pytest.importorskip("cv2")

from crnn_deploy.serving.targets.easyocr.crnn_easyocr import network_input, without_padding

ANY_WIDTH = {name: changes for name, changes in PREPROCESSING.items() if "width" not in changes}
READERS = {
    name: (spec, options)
    for name, (spec, options) in MODELS.items()
    if spec.task == "ctc"
    and spec.preprocessing.width is None
    and not spec.sequences
    and spec.language_model is None
    and all(len(text) == 1 for text in spec.charset)
}


@pytest.mark.parametrize("changes", ANY_WIDTH.values(), ids=ANY_WIDTH)
def test_the_network_sees_what_its_spec_says(changes: dict[str, Any]) -> None:
    """To the bit, of a grey line."""
    seen, random = preprocessing(changes), np.random.default_rng(1)
    for width, height in SIZES:
        line = random.integers(0, 256, (height, width), np.uint8)
        assert np.array_equal(network_input(line, seen), Preprocessor(seen)(Image.fromarray(line), "line"))


def test_copies_of_the_last_column_are_no_part_of_a_line() -> None:
    line = np.random.default_rng(0).integers(0, 256, (8, 20), np.uint8)
    assert np.array_equal(without_padding(line), line)
    assert np.array_equal(without_padding(np.pad(line, [(0, 0), (0, 9)], "edge")), line)
    assert without_padding(np.full((8, 20), 7, np.uint8)).shape == (8, 1)


@pytest.mark.parametrize(("spec", "options"), READERS.values(), ids=READERS)
def test_lines_of_a_batch_read_as_they_do_alone(
    spec: ModelSpec, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order of classes, the layout and the kind of outputs; and as crnn-deploy reads them."""
    artifact = conv_reader(tmp_path / "conv.onnx", spec, **options)
    model = loaded(written(artifact, tmp_path / "ocr"), monkeypatch)
    random = np.random.default_rng(3)
    lines = [random.integers(0, 256, (LEAST_HEIGHT, width), np.uint8) for width in (70, 160, 161, 90)]
    if spec.preprocessing.channels != "L":  # crnn-deploy reads greys in colour, too
        expected = Reader(artifact.path)([Image.fromarray(line).convert("RGB") for line in lines])
    else:
        expected = Reader(artifact.path)([Image.fromarray(line) for line in lines])
    short = [reading.text for reading, line in zip(expected, lines, strict=True) if _fits(spec, line)]
    found = [text for text, line in zip(texts(model, lines, spec.charset), lines, strict=True) if _fits(spec, line)]
    assert found == short
    assert len({*found}) > 1 or spec.preprocessing.max_width < 100
    assert texts(model, lines, spec.charset) == [text for line in lines for text in texts(model, [line], spec.charset)]


def _fits(spec: ModelSpec, line: NDArray[np.uint8]) -> bool:
    """Whether crnn-deploy reads a line in one piece."""
    return spec.preprocessing.scaled_width(line.shape[1], line.shape[0]) <= spec.preprocessing.max_width


def test_confidences_are_those_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Softmax of the logits gives what the temperature of the spec makes of them."""
    spec = spec_of(temperature=2.5)
    artifact = conv_reader(tmp_path / "conv.onnx", spec)
    line = np.random.default_rng(3).integers(0, 256, (LEAST_HEIGHT, 90), np.uint8)
    found = loaded(written(artifact, tmp_path / "ocr"), monkeypatch)(batch([line])).softmax(-1)[0].max(-1)
    reading = Reader(artifact.path)(Image.fromarray(line))
    frames = zip(found.indices.tolist(), found.values.tolist(), strict=True)
    highest = [max(p for _, p in run) for k, run in groupby(frames, key=lambda frame: frame[0]) if k]
    assert np.prod(highest) == pytest.approx(reading.confidence, rel=1e-4)


def test_the_ways_in_which_easyocr_changes_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU it quantizes, on GPUs it wraps in `DataParallel`, which copies the network for each."""
    artifact = conv_reader(tmp_path / "conv.onnx", spec_of())
    folder = written(artifact, tmp_path / "ocr")
    line = np.random.default_rng(3).integers(0, 256, (LEAST_HEIGHT, 90), np.uint8)
    plain = loaded(folder, monkeypatch)
    quantized = loaded(folder, monkeypatch)
    torch.ao.quantization.quantize_dynamic(quantized, dtype=torch.qint8, inplace=True)  # type: ignore[no-untyped-call]
    parallel = torch.nn.DataParallel(built(folder, monkeypatch)).to("cpu")
    parallel.load_state_dict(torch.load(folder / f"{NAME}.pth", "cpu", weights_only=True))
    replica = parallel.module._replicate_for_data_parallel()
    for model in (quantized, parallel, replica):
        assert torch.equal(model(batch([line]), None), plain(batch([line])))


def test_the_same_artifact_gives_the_same_files(tmp_path: Path) -> None:
    artifact = conv_reader(tmp_path / "conv.onnx", spec_of(charset=tuple("a b'\"\\\u2028é語#:")))
    first, second = (written(artifact, tmp_path / name) for name in ("1", "2"))
    for name in (f"{NAME}.pth", f"{NAME}.yaml"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert settings(first)["character_list"] == "".join(artifact.spec.charset)
    assert not (first / "model.onnx").exists()


def test_outputs_that_are_no_numbers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = loaded(written(conv_reader(tmp_path / "conv.onnx", spec_of()), tmp_path / "ocr"), monkeypatch)
    model._preprocessing.mean = [float("nan")]
    with pytest.raises(ValueError, match="NaN"):
        model(torch.zeros(1, 1, LEAST_HEIGHT, 100))


def test_easyocr_reads_with_the_reader_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the package runs EasyOCR itself."""
    monkeypatch.setattr(sys, "path", path_with("easyocr"))
    found = package(PackageConfig(model=READER, target="easyocr", output=tmp_path / "ocr", examples=4))
    assert {f"{NAME}.py", f"{NAME}.yaml", f"{NAME}.pth", "verify.py", "README.md", "spec.json"} <= set(found.files)
    assert "{" not in (tmp_path / "ocr" / "README.md").read_text(encoding="utf-8")


WRONG: dict[str, dict[str, Any]] = {
    "one fixed width": {"preprocessing": {"height": 16, "width": 100}},
    "center line": {"preprocessing": {"height": 16, "centerline": True}},
    "sequences": {"charset": ["", "b"], "sequences": [{"classes": [1, 2], "text": "é"}]},
    "order of display": {"text_order": "display"},
    "no single character": {"charset": ["a", "ch"]},
    "names classes": {"task": "classify", "class_names": ["a", "b"], "preprocessing": {"height": 16, "width": 16}},
}


@pytest.mark.parametrize(("message", "fields"), WRONG.items(), ids=WRONG)
def test_what_easyocr_cannot_follow_is_refused(tmp_path: Path, message: str, fields: dict[str, Any]) -> None:
    base: dict[str, Any] = {"name": "x", "charset": ["a", "b"], "preprocessing": {"height": 16}}
    artifact = conv_reader(tmp_path / "conv.onnx", ModelSpec.model_validate({**base, **fields}))
    with pytest.raises(InputError, match=message):
        EasyOcrTarget().check(artifact)


def test_the_readme_says_that_the_language_model_does_not_count_in(tmp_path: Path) -> None:
    for name, model in (("without", None), ("with", LANGUAGE)):
        folder = written(
            conv_reader(tmp_path / f"{name}.onnx", spec_of(language_model=model)), tmp_path / f"ocr {name}"
        )
        said = "EasyOCR takes the most probable class of each frame" in (folder / "README.md").read_text("utf-8")
        assert said == (model is not None)


def test_without_easyocr_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crnn_deploy.serving.targets.checking.find_spec", lambda _: None)
    with pytest.raises(InputError, match="EasyOCR is not installed") as error:
        EasyOcrTarget().check(conv_reader(tmp_path / "conv.onnx", spec_of()))
    assert "crnn-deploy[easyocr]" in str(error.value.fix)


def written(artifact: Artifact, folder: Path) -> Path:
    """The files of the target, without the check that runs EasyOCR."""
    (folder / "examples").mkdir(parents=True)
    (folder / "examples" / "01.png").touch()
    write_model(artifact, folder)
    EasyOcrTarget().write(folder, artifact)
    return folder


def settings(folder: Path) -> Any:
    with (folder / f"{NAME}.yaml").open(encoding="utf8") as file:
        return yaml.load(file, Loader=yaml.FullLoader)


def built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The network as EasyOCR makes it: a module of this name on the path, and its class `Model`."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    found = settings(folder)
    network = importlib.import_module(NAME)
    assert Path(str(network.__file__)).parent == folder
    return network.Model(num_class=len(found["character_list"]) + 1, **found["network_params"])


def loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The network with its weights as EasyOCR loads them on the CPU: without the prefix `module.`."""
    model = built(folder, monkeypatch)
    weights = torch.load(folder / f"{NAME}.pth", map_location="cpu", weights_only=True)
    assert all(key.startswith("module.") for key in weights)
    model.load_state_dict({key[7:]: value for key, value in weights.items()})
    return model.eval()


def batch(lines: list[NDArray[np.uint8]]) -> torch.Tensor:
    """`[N, 1, H, W]` as EasyOCR makes it: from -1 to 1, padded with the last column to multiples of the height."""
    width = -(-max(line.shape[1] for line in lines) // LEAST_HEIGHT) * LEAST_HEIGHT
    padded = [np.pad(line, [(0, 0), (0, width - line.shape[1])], "edge") for line in lines]
    return (torch.from_numpy(np.stack(padded)[:, None]).float() / 255).sub_(0.5).div_(0.5)


def texts(model: Any, lines: list[NDArray[np.uint8]], charset: tuple[str, ...]) -> list[str]:
    """What EasyOCR's greedy decoder makes of the logits."""
    best = model(batch(lines), None).softmax(2).argmax(2)
    return ["".join(charset[k - 1] for k, _ in groupby(line.tolist()) if k) for line in best]
