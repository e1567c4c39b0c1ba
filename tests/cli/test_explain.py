"""`explain` prints tables for people and one object for machines, and refuses what can't be explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tiny_crnn
from onnx import TensorProto, helper
from PIL import Image
from typer.testing import CliRunner

from crnn_deploy.artifact import write_onnx
from crnn_deploy.cli.app import app
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command in a folder with images, a reader `rows.onnx` and a PyTorch artifact."""
    monkeypatch.chdir(tmp_path)
    tiny_crnn.register(monkeypatch)
    tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec("classify", width=32))
    rows_model(Path("rows.onnx"))
    pixels = np.full((4, 24), 255, np.uint8)
    pixels[1, 6:8], pixels[2, 15] = 0, 0  # rows are logits of blank, a and b; black is more
    Image.fromarray(pixels).save("line.png")
    Image.new("L", (24, 4), 255).save("blank.png")
    Path("bad.png").write_bytes(b"x")
    return lambda arguments: CliRunner().invoke(app, ["explain", *arguments.split()])


def rows_model(path: Path, classes: int = 3) -> None:
    """An ONNX reader whose logits are rows of the image; row 0 is the blank's, which wins where all are equal."""
    graph = helper.make_graph(
        tiny_crnn.rows_as_logits(classes),
        "rows",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 1, 4, "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", "w", classes])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    seen = Preprocessing(height=4, width_multiple=1, mean=(0.0,), std=(0.05,), invert=True)
    write_onnx(path, model, ModelSpec(name="rows", charset="ab"[: classes - 1], preprocessing=seen))


def test_one_object_for_machines_with_places_and_choices(invoke) -> None:
    done = invoke("rows.onnx line.png --json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["task"], found["runtime"]) == ("ctc", "onnxruntime")
    (line,) = found["explanations"]
    assert (line["text"], line["method"]) == ("ab", "occlusion")
    assert line["text"] == predict(PredictConfig(images=("line.png",), model="rows.onnx")).readings[0].text
    first, second = line["characters"]
    assert (first["text"], first["frames"], first["left"], first["right"]) == ("a", [6, 8], 6, 8)
    assert (second["text"], second["frames"], second["second"]["text"]) == ("b", [15, 16], "")
    assert first["confidence"] > 0.9
    assert first["if_hidden"] == "b"
    assert found["config"]["limit"] == 20


def test_tables_for_people(invoke) -> None:
    done = invoke("rows.onnx line.png blank.png")
    assert done.exit_code == 0
    assert "ab" in done.stdout
    assert "(nothing)" in done.stdout
    classes = invoke("tiny.safetensors line.png")
    assert classes.exit_code == 0
    assert "looked at" in classes.stdout


def test_a_page_is_named_when_it_is_written(invoke) -> None:
    done = invoke("tiny.safetensors line.png -o new/page.html")
    assert done.exit_code == 0
    assert "new/page.html" in done.stdout
    assert Path("new/page.html").stat().st_size > 1000
    assert invoke("tiny.safetensors line.png -o new/page.html").exit_code == 2
    assert invoke("tiny.safetensors line.png -o new/page.html --force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("rows.onnx bad.png", "bad.png"),
        ("rows.onnx bad.png --skip-bad", "All 1 images are broken"),
        ("rows.onnx absent.png", "absent.png"),
        ("absent.onnx line.png", "absent.onnx"),
        ("rows.onnx line.png --method gradients", "has no gradients"),
        ("rows.onnx line.png -o page.txt", "must end in .html or .png"),
        ("rows.onnx line.png --limit 0", "limit"),
        ("rows.onnx", "IMAGE"),
    ],
)
def test_what_cannot_be_explained_is_refused(invoke, arguments: str, message: str) -> None:
    done = invoke(arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_a_broken_image_is_left_out_where_that_is_allowed(invoke) -> None:
    done = invoke("rows.onnx line.png bad.png --skip-bad --json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["skipped"] == ["bad.png"]
    assert len(found["explanations"]) == 1


def test_no_more_images_than_the_limit(invoke) -> None:
    done = invoke("rows.onnx line.png blank.png --limit 1 --json")
    assert len(json.loads(done.stdout)["explanations"]) == 1
    assert "first 1 of 2 images" in done.stderr
