"""`evaluate` and `predict` tell of images that are not read as their sender may expect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_crnn
from PIL import Image
from rapidfuzz.distance import Levenshtein

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.evaluation.config import EvaluateConfig, PredictConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.progress import Silent
from crnn_deploy.spec import ModelSpec


class Log(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny_crnn.register(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tiny_crnn.image_folder(tmp_path / "lines", 3)


def words(width: int, seed: int = 0) -> np.ndarray:
    """A line of blocks of noise with blank columns between them, 16 pixels high."""
    pixels = np.full((16, width), 255, np.uint8)
    for start in range(4, width - 16, 24):
        pixels[4:12, start : start + 16] = np.random.default_rng((seed, start)).integers(0, 200, (8, 16))
    return pixels


def save(pixels: np.ndarray, name: str) -> None:
    Image.fromarray(pixels).save(name)


def model(folder: Path, spec: ModelSpec | None = None, **preprocessing: Any) -> Artifact:
    spec = spec or tiny_crnn.tiny_spec()
    seen = spec.preprocessing.model_copy(update=preprocessing)
    return tiny_crnn.tiny_artifact(folder, spec.model_copy(update={"preprocessing": seen}))


def run(model: Artifact, *images: str) -> tuple[Any, list[str]]:
    log = Log()
    return predict(PredictConfig(images=images, model=model.path), log), log.lines


def test_usual_lines_get_no_remark(tmp_path) -> None:
    found, told = run(model(tmp_path), "lines")
    assert told == found.image_notes.sentences() == []


def test_a_wide_line_is_cut_and_told(tmp_path) -> None:
    save(words(900), "lines/wide.png")
    found, told = run(model(tmp_path, max_width=200), "lines")
    assert (found.image_notes.cut.count, found.image_notes.cut.first) == (1, "lines/wide.png")
    assert found.image_notes.squeezed.count == 0
    assert told == [
        "1 image wider than the model takes: cut at blank columns and read in pieces (first: lines/wide.png)"
    ]
    assert 0 < found.readings[-1].confidence <= 1


def test_a_wide_line_reads_as_its_parts_do() -> None:
    """With the reader of the package, whose `max_width` is 4096."""
    render_lines(RenderOptions(count=24, seed=3, degradation=0, min_height=32), Path("print.tar"))
    source = open_source("print.tar")
    parts = [source.image(index).convert("L") for index in range(len(source))]
    parts = [part.resize((round(part.width * 32 / part.height), 32)) for part in parts]
    wide = Image.new("L", (sum(part.width + 12 for part in parts), 32), 255)
    left = 0
    for part in parts:
        wide.paste(part, (left, 0))
        left += part.width + 12
    assert wide.width > 4096
    wide.save("wide.png")
    readings = [predict(PredictConfig(images=(images,))).readings for images in ("print.tar", "wide.png")]
    apart, whole = ("".join(reading.text for reading in found).replace(" ", "") for found in readings)
    assert Levenshtein.normalized_distance(apart, whole) < 0.05


@pytest.mark.parametrize("height", [16, 4])
def test_a_wide_line_that_cannot_be_cut_is_squeezed_and_told(tmp_path, height: int) -> None:
    save(np.random.default_rng(0).integers(0, 256, (height, 900), np.uint8), "noise.png")
    found, told = run(model(tmp_path, max_width=200), "noise.png")
    assert found.image_notes.squeezed.count == 1
    assert "squeezed" in " ".join(told)


def test_a_classifier_tells_of_pictures_that_lose_their_shape(tmp_path) -> None:
    for name, (width, height) in {"alike": (60, 50), "photo": (640, 480), "wide": (64, 32)}.items():
        save(np.random.default_rng(0).integers(0, 256, (height, width), np.uint8), f"{name}.png")
    fixed = model(tmp_path, tiny_crnn.tiny_spec("classify"), width=16)
    found, told = run(fixed, "alike.png", "photo.png", "wide.png")
    noted = found.image_notes.distorted
    assert (noted.count, noted.first, noted.detail) == (2, "photo.png", "640×480 seen as 16×16")
    assert found.image_notes.squeezed.count == 0
    assert told == [
        "2 images of another shape or a far other size than the model sees, to which they are squeezed or stretched "
        "(first: photo.png, 640×480 seen as 16×16)"
    ]


def test_a_classifier_of_any_width_tells_of_those_beyond_it(tmp_path) -> None:
    save(words(900), "wide.png")
    save(words(200), "fair.png")
    found, _ = run(model(tmp_path, tiny_crnn.tiny_spec("classify"), max_width=200), "fair.png", "wide.png")
    assert found.image_notes.distorted.detail == "900×16 seen as 200×16"
    assert (found.image_notes.distorted.count, found.image_notes.cut.count) == (1, 0)


def test_a_fixed_width_tells_only_of_lines_far_wider(tmp_path) -> None:
    save(words(390), "fair.png")
    save(words(410), "far.png")
    found, _ = run(model(tmp_path, width=100), "fair.png", "far.png")
    assert (found.image_notes.squeezed.count, found.image_notes.squeezed.first) == (1, "far.png")


def test_a_page_is_told_unless_the_model_names_classes(tmp_path) -> None:
    save(np.concatenate([words(200, seed)[3:13] for seed in range(3)]), "page.png")
    found, _ = run(model(tmp_path), "page.png")
    assert found.image_notes.several_lines.first == "page.png"
    found, _ = run(model(tmp_path, tiny_crnn.tiny_spec("classify")), "page.png")
    assert found.image_notes.several_lines.count == 0


def test_files_of_several_frames_are_told_once_with_their_number(tmp_path) -> None:
    frames = [Image.fromarray(words(90, seed)) for seed in range(3)]
    for name in ("lines/a.gif", "lines/b.gif"):
        frames[0].save(name, save_all=True, append_images=frames[1:])
    found, told = run(model(tmp_path), "lines")
    assert told == ["2 images with several frames or pages, of which the first was read (first: lines/a.gif)"]
    assert found.image_notes.several_frames.count == 2


def test_evaluate_tells_too_and_stores_it(tmp_path) -> None:
    save(words(900), "lines/003.png")
    Path("lines/labels.tsv").write_text("".join(f"{index:03}.png\tabc\n" for index in range(4)))
    log = Log()
    artifact = open_artifact(model(tmp_path, max_width=200).path)
    found = evaluate(EvaluateConfig(artifact=artifact.path, data="lines", resamples=5), log)
    assert found.figures()["image_notes"]["cut"] == {"count": 1, "first": "003.png", "detail": ""}
    assert log.lines == [
        "lines: 1 image wider than the model takes: cut at blank columns and read in pieces (first: 003.png)"
    ]
