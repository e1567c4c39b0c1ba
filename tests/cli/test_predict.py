"""`predict` prints lines for people and one object for machines, and tells of broken images."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import tiny_crnn
from typer import Typer
from typer.testing import CliRunner

from crnn_deploy.cli.failures import Commands
from crnn_deploy.cli.options import command
from crnn_deploy.cli.predict import predict as predict_command
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.escaping import read_tsv_field, visible
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import predict


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    tiny_crnn.image_folder(tmp_path / "lines", 7)
    tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    app = Typer(cls=Commands)
    app.command("predict")(command(predict_command))
    app.command("other")(lambda: None)  # a single command would have no name
    return lambda *arguments: CliRunner().invoke(app, ["predict", *arguments])


def test_the_command_prints_path_text_and_confidence(invoke) -> None:
    done = invoke("lines/000.png", "lines/001.png", "--model", "tiny.safetensors")
    assert done.exit_code == 0
    expected = predict(PredictConfig(images=("lines/000.png", "lines/001.png"), model="tiny.safetensors")).readings
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows == [[r.path, r.text, f"{r.confidence:.3f}"] for r in expected]


HOSTILE = (
    "a\tb\n1.png\tforged\t1.000\n.png",
    "\x1b]0;PWN\x07.png",
    "back\\slash.png",
    "gnp.\u202eexe.png",
    "\udcff.png",
)


def test_lines_cannot_be_forged_by_names(invoke) -> None:
    image = Path("lines/000.png").read_bytes()
    for name in HOSTILE:
        Path(name).write_bytes(image)
    done = invoke(*HOSTILE, "--model", "tiny.safetensors")
    assert done.exit_code == 0
    rows = [line.split("\t") for line in done.stdout.removesuffix("\n").split("\n")]
    assert [read_tsv_field(path) for path, _, _ in rows] == list(HOSTILE)
    assert all(visible(field) == field for row in rows for field in row)
    found = json.loads(invoke(*HOSTILE, "--model", "tiny.safetensors", "--json").stdout)
    assert [row["path"] for row in found["readings"]] == list(HOSTILE)


def test_the_command_prints_one_object_for_machines(invoke) -> None:
    Path("bad.png").write_bytes(b"x")
    done = invoke("lines", "bad.png", "--model", "tiny.safetensors", "--json", "--skip-bad")
    found = json.loads(done.stdout)
    assert [row["path"] for row in found["readings"]] == [f"lines/{index:03}.png" for index in range(7)]
    assert found["skipped"] == ["bad.png"]
    assert set(found["readings"][0]) == {"path", "text", "confidence"}


def test_one_object_and_rows_do_not_go_together(invoke) -> None:
    for given in ("tsv", "jsonl"):
        done = invoke("lines", "--model", "tiny.safetensors", "--json", "--format", given)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "--format jsonl" in done.stderr


def test_the_command_tells_of_broken_images(invoke) -> None:
    Path("bad.png").write_bytes(b"x")
    stopped = invoke("lines/000.png", "bad.png", "--model", "tiny.safetensors")
    assert stopped.exit_code == 2
    assert [row.split("\t")[0] for row in stopped.stdout.splitlines()] == ["lines/000.png"]  # read before it
    assert "bad.png" in stopped.stderr
    done = invoke("lines/000.png", "bad.png", "--model", "tiny.safetensors", "--skip-bad")
    assert done.exit_code == 0
    assert "bad.png is broken and was left out" in done.stderr


def test_the_reader_of_the_package_reads_without_being_named(invoke) -> None:
    render_lines(RenderOptions(count=20, seed=3, degradation=0, min_height=32), Path("print.tar"))
    labels = open_source("print.tar")
    done = invoke("print.tar")
    assert done.exit_code == 0
    texts = [line.split("\t")[1] for line in done.stdout.splitlines()]
    right = sum(text == labels.text(index) for index, text in enumerate(texts))
    assert right >= 14  # DejaVu, which it never saw, but clean


def test_tables_and_json_lines_say_the_same(invoke) -> None:
    """Also of a name that has what separates fields in each of them."""
    Path('a, "b"\tc.png').write_bytes(Path("lines/000.png").read_bytes())
    given = ("lines", 'a, "b"\tc.png', "--model", "tiny.safetensors", "--format")
    tsv, table, lines = (invoke(*given, kind).stdout for kind in ("tsv", "csv", "jsonl"))
    head, *rows = csv.reader(table.splitlines())
    assert head == ["path", "text", "confidence"]
    assert rows == [row.split("\t") for row in tsv.splitlines()]
    objects = [json.loads(line) for line in lines.splitlines()]
    assert [[read_tsv_field(path), read_tsv_field(text)] for path, text, _ in rows] == [
        [each["path"], each["text"]] for each in objects
    ]
    assert all("".join(c["text"] for c in each["characters"]) == each["text"] for each in objects)
    assert any(each["characters"] for each in objects)


def test_an_image_comes_from_stdin(invoke) -> None:
    """`-` stands for it, and is its name."""
    image = Path("lines/001.png").read_bytes()
    app = Typer(cls=Commands)
    app.command("predict")(command(predict_command))
    app.command("other")(lambda: None)
    given = ["predict", "-", "lines/002.png", "--model", "tiny.safetensors"]
    done = CliRunner().invoke(app, given, input=image)
    expected = [row.split("\t") for row in invoke("lines", "--model", "tiny.safetensors").stdout.splitlines()[1:3]]
    assert [row.split("\t") for row in done.stdout.splitlines()] == [["-", *expected[0][1:]], expected[1]]
    for content, message in ((b"", "it is empty"), (b"text", "not an image")):
        refused = CliRunner().invoke(app, ["predict", "-", "--model", "tiny.safetensors"], input=content)
        assert refused.exit_code == 2
        assert message in refused.stderr


def test_rows_come_out_as_images_are_read(invoke, tmp_path: Path) -> None:
    """A second window of images is not read before the rows of the first one are out."""
    names = [f"lines/{index % 7:03}.png" for index in range(64)]
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"x")
    done = invoke(*names, "bad.png", "--model", "tiny.safetensors", "--batch-size", "4")
    assert done.exit_code == 2
    assert [row.split("\t")[0] for row in done.stdout.splitlines()] == names
