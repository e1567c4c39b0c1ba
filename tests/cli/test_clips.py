"""Clips go through the verbs, and what is no clip ends in one message and exit code 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from data.clip_files import grey_stills, write_stills
from PIL import Image

from crnn_deploy import limits
from crnn_deploy.artifact import write_safetensors
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build
from crnn_deploy.models.pictures.config import CnnGru, FramesGru
from crnn_deploy.models.pictures.families import picture_spec

from .workshop import invoke

TRAINING = "--epochs 1 --batch-size 4 --validation-share 0.3"
SMALL = "frames-gru:channels=2,hidden=4,stages=2"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`clips.safetensors`, `clips.onnx` and `pictures.safetensors`, untrained."""
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    for name, choice in (("clips", FramesGru(channels=2, hidden=4, stages=2)), ("pictures", CnnGru(hidden=4))):
        spec = picture_spec(name, choice, ("run", "walk"), "L", (16, 12))
        write_safetensors(folder / f"{name}.safetensors", build(spec).state_dict(), spec)
    export(ExportConfig(model=folder / "clips.safetensors", output=folder / "clips.onnx"))
    return folder


@pytest.fixture
def folder(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder with the models and a set of clips of two lengths."""
    monkeypatch.chdir(tmp_path)
    for model in models.iterdir():
        (tmp_path / model.name).symlink_to(model)
    rng = np.random.default_rng(0)
    for name in ("run", "walk"):
        for number in range(4):
            stills = rng.integers(0, 256, (3 + number % 2, 12, 16), np.uint8)
            write_stills(tmp_path / "set" / name / f"c{number}", stills)
    return tmp_path


def answer(command: str) -> Any:
    result = invoke(f"{command} --json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(command: str, message: str) -> None:
    result = invoke(command)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert message in " ".join(result.stderr.split())


@pytest.mark.usefixtures("folder")
def test_they_are_read_evaluated_timed_explained_and_inspected() -> None:
    assert answer("evaluate clips.onnx --data set")["count"] == 8
    texts = [reading["text"] for reading in answer("predict set --model clips.onnx")["readings"]]
    assert texts == [reading["text"] for reading in answer("predict set --model clips.safetensors")["readings"]]
    alone = answer("predict clips:set/run/c1 --model clips.onnx")["readings"]
    assert [(reading["path"], reading["text"]) for reading in alone] == [("set/run/c1", texts[1])]
    rows = answer("benchmark clips.onnx --data set --rounds 2 --seconds 0.01")["variants"][0]["latency"]
    assert {row["stills"] for row in rows} == {3, 4}
    (found,) = answer("explain clips.onnx clips:set/run/c1 -o page.html")["explanations"]
    assert (found["text"], found["width"], found["height"]) == (texts[1], 16, 12)
    assert answer("inspect clips.onnx")["macs_input"] == [1, 8, 1, 12, 16]


@pytest.mark.usefixtures("folder")
def test_a_network_for_clips_is_trained() -> None:
    answer(f"train --data set --model {SMALL} --clips every=1,max_stills=3 {TRAINING} -o new.safetensors")
    assert answer("inspect new.safetensors")["preprocessing"]["clips"] == {"every": 1, "max_stills": 3}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("predict picture.png --model clips.onnx", "is a single picture, and the network sees clips"),
        ("evaluate clips.onnx --data pictures", "is a single picture, and the network sees clips"),
        ("predict set --model pictures.safetensors", "is a clip, and the network sees single pictures"),
        ("evaluate pictures.safetensors --data set", "is a clip, and the network sees single pictures"),
        ("explain pictures.safetensors set -o p.html", "is a clip, and the network sees single pictures"),
        ("benchmark pictures.safetensors --data set", "is a clip, and the network sees single pictures"),
        ("build-engine clips.onnx --fp16 --profile 1x2,1x8,1x65", "longer than any clip"),
        ("predict clips:short --model clips.onnx", "has 1 still to be seen"),
        ("predict clips:mixed --model clips.onnx", "has stills of several sizes"),
        (f"train --data one --model {SMALL} -o n.safetensors", "has 1 still to be seen"),
        (f"train --data none --model {SMALL} -o n.safetensors", "holds no stills"),
        (f"train --data pictures --model {SMALL} -o n.safetensors", "is a single picture, and the network sees clips"),
        ("train --data set --model cnn-gru -o n.safetensors", "is a clip, and the network sees single pictures"),
        ("train --data set --model cnn-gru --clips every=2 -o n.safetensors", "--clips has no effect"),
        ("distill clips.onnx --data set -o n.safetensors", "is a student for lines and pictures"),
        (
            "distill pictures.safetensors --data pictures --student frames-gru -o n.safetensors",
            "is a student for clips",
        ),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, command: str, message: str) -> None:
    Image.new("L", (16, 12)).save("picture.png")
    for name in ("pictures/run", "pictures/walk"):
        write_stills(folder / name, grey_stills(3))
    write_stills(folder / "short", grey_stills(1))
    write_stills(folder / "mixed", grey_stills(2))
    Image.new("L", (20, 12)).save("mixed/still3.png")
    for name in ("run", "walk"):
        write_stills(folder / "one" / name / "c", grey_stills(1))
        write_stills(folder / "none" / name / "c", grey_stills(2))
    (folder / "none" / "run" / "d").mkdir()
    before = sorted(folder.rglob("*"))
    refused(command, message)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.usefixtures("folder")
def test_a_clip_with_too_many_stills_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STILLS", 3)
    refused("evaluate clips.onnx --data set", "has more than 3 stills")
