"""`label` says how many images went where, or prints one object for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_crnn
from typer import Typer
from typer.testing import CliRunner

from crnn_deploy.cli.failures import Commands
from crnn_deploy.cli.label import label as label_command
from crnn_deploy.cli.options import command

pytest.importorskip("pyarrow", reason="the extra parquet is not installed")


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    tiny_crnn.image_folder(tmp_path / "lines", 3)
    tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    app = Typer(cls=Commands)
    app.command("label")(command(label_command))
    app.command("other")(lambda: None)  # a single command would have no name
    fixed = ["label", "tiny.safetensors", "lines", "-o", "out", "--workers", "1"]
    return lambda *arguments: CliRunner().invoke(app, [*fixed, *arguments])


def test_the_command_says_how_many_images_went_where(invoke) -> None:
    Path("lines/001.png").write_bytes(b"no image")
    done = invoke("--skip-bad")
    assert done.exit_code == 0
    assert "2 texts of 3 images, in 1 shard (1 read now), 1 broken" in " ".join(done.output.split())
    assert "(0 read now)" in invoke("--skip-bad").output


def test_the_object_has_the_same_counts(invoke) -> None:
    done = invoke("--json")
    assert done.exit_code == 0
    counts = json.loads(done.stdout)
    assert [counts[name] for name in ("shards", "images", "rows", "unsure", "broken")] == [1, 3, 3, 0, 0]


def test_a_broken_image_ends_the_command(invoke) -> None:
    Path("lines/001.png").write_bytes(b"no image")
    done = invoke()
    assert done.exit_code == 2
    assert "001.png" in done.output
    assert not list(Path("out").glob("labels-*"))
