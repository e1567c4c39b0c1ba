"""A language model makes a reader better on worn lines of known words, and is refused where it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.api import EvaluateConfig, LanguageConfig, evaluate, language
from crnn_deploy.artifact import open_artifact, read_safetensors
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.zoo import READER

WORDS = ["INVOICE", "SUBTOTAL", "CASHIER", "ROUNDING", "DISCOUNT", "BALANCE", "CHANGE", "TENDERED", "KUALA LUMPUR"]


def rendered(folder: Path, words: list[str], count: int, seed: int, degradation: float = 1.0) -> str:
    text = folder / f"words-{seed}.txt"
    text.write_text("\n".join(words))
    options = RenderOptions(count=count, seed=seed, text=text, degradation=degradation, max_height=26)
    return str(render_lines(options, folder / f"lines-{seed}.tar"))


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> str:
    return rendered(tmp_path_factory.mktemp("train"), WORDS, 18, seed=1)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> str:
    return rendered(tmp_path_factory.mktemp("unseen"), WORDS, 120, seed=2)


def config(folder: Path, **changes: object) -> LanguageConfig:
    fields = {"model": READER, "output": folder / "m.onnx", "weight": 0.4, "bonus": 0.6, "order": 4} | changes
    return LanguageConfig.model_validate(fields)


def test_worn_words_are_read_better_and_the_network_stays(train: str, unseen: str, tmp_path: Path) -> None:
    artifact = language(config(tmp_path, data=train, validation=unseen))
    assert [step.stage for step in artifact.spec.lineage][-1] == "language"
    proof = artifact.spec.lineage[-1].notes["validation"]
    assert proof["high"] < 0
    assert not artifact.spec.reservation
    before, after = (onnx.load(path).graph for path in (READER, artifact.path))
    assert before == after

    def error(**options: object) -> float:
        found = evaluate(EvaluateConfig.model_validate({"artifact": artifact.path, "data": unseen, **options}))
        return found.accuracy.cer_ci or 0.0

    assert error(decoder="beam") == error()
    assert error() - error(decoder="greedy") == pytest.approx(proof["delta"])


def test_a_reader_counts_it_in_unless_it_is_asked_not_to(train: str, unseen: str, tmp_path: Path) -> None:
    artifact = language(config(tmp_path, data=train))
    assert "not compared" in artifact.spec.reservation
    with_it, without = Reader(artifact), Reader(artifact, decoder="greedy")
    assert open_artifact(artifact.path).spec.language_model == artifact.spec.language_model
    source = open_source(unseen)
    assert any(with_it(source.image(index)).text != without(source.image(index)).text for index in range(60))


def test_a_language_that_does_not_help_is_refused_and_nothing_is_written(unseen: str, tmp_path: Path) -> None:
    other = rendered(tmp_path, ["zebra", "quartz", "xylophone"], 6, seed=3)
    with pytest.raises(GateError, match="does not read"):
        language(config(tmp_path, data=other, validation=unseen))
    assert not (tmp_path / "m.onnx").exists()


def test_lines_of_the_labels_prove_nothing(train: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="share"):
        language(config(tmp_path, data=train, validation=train))


def test_labels_that_the_model_cannot_write_are_left_out(tmp_path: Path) -> None:
    data = rendered(tmp_path, ["TOTAL", "Straße"], 4, seed=4)
    assert "ß" not in language(config(tmp_path, data=data)).spec.language_model.characters


@pytest.mark.parametrize("data", ["nowhere", "unlabelled"])
def test_data_without_texts_are_refused(data: str, tmp_path: Path) -> None:
    (tmp_path / "unlabelled").mkdir()
    Image.fromarray(np.full((32, 60), 255, np.uint8)).save(tmp_path / "unlabelled" / "a.png")
    with pytest.raises(InputError, match=r"no texts|does not exist"):
        language(config(tmp_path, data=str(tmp_path / data)))


def test_weights_get_it_too(train: str, tmp_path: Path) -> None:
    weights = READER.with_name("reader.safetensors")
    artifact = language(config(tmp_path, data=train, model=weights, output=tmp_path / "m.safetensors"))
    before, after = read_safetensors(weights), read_safetensors(artifact.path)
    assert all((before[name] == after[name]).all() for name in before)
    with pytest.raises(InputError, match=r"\.safetensors"):
        language(config(tmp_path, data=train, model=weights))
