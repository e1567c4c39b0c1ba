"""`run --prune` on the folder of a real run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline.runs import StopAfter, stages
from typer.testing import CliRunner

from crnn_deploy.cli.app import app
from crnn_deploy.errors import InputError
from crnn_deploy.pipeline.config import RunConfig
from crnn_deploy.pipeline.prune import Pruned, prune
from crnn_deploy.pipeline.run import run
from crnn_deploy.training import loop

pytestmark = pytest.mark.usefixtures("fast_enough")
WriteRecipe = Callable[..., Path]
LONGER = ("distill.epochs=40",)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def removed(pruned: Pruned) -> list[tuple[str, str]]:
    """Stage and kind of what was removed."""
    return [(part.path.removeprefix("stages/").rpartition("-")[0], part.kind) for part in pruned.removed]


def test_the_recipe_decides_what_stays(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    out, recipe = tmp_path / "out", write_recipe()
    base = RunConfig(recipe=recipe, out=out)
    again = RunConfig(recipe=recipe, out=out, prune=True)
    run(base)
    run(base.model_copy(update={"settings": ("benchmark.rounds=4",)}))
    with pytest.raises(KeyboardInterrupt):
        run(base.model_copy(update={"settings": LONGER}), StopAfter(200))
    (state,) = (out / "stages").glob("distill-*/*.training/key")

    longer = again.model_copy(update={"settings": LONGER, "dry_run": True})
    before = files(out)
    preview = prune(longer)  # the unfinished training is what this recipe continues
    assert removed(preview) == [("distill", "old result")]
    assert preview.missing == ("distill",)
    assert preview.bytes_before - preview.bytes_after == preview.removed[0].bytes > 0
    assert files(out) == before

    pruned = prune(again)
    assert removed(pruned) == [("benchmark", "old result"), ("distill", "unfinished")]
    assert pruned.missing == ()
    assert pruned.bytes_before == sum(map(len, before.values()))
    assert pruned.bytes_after == sum(map(len, files(out).values()))
    assert not state.parent.parent.exists()
    run(base)
    assert all(stages(out).values())
    assert removed(prune(again)) == []


def test_a_run_that_is_in_progress_is_not_disturbed(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    recipe, out = write_recipe(distill={"epochs": 400}), tmp_path / "out"
    command = [sys.executable, "-m", "crnn_deploy", "run", str(recipe), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "render-train" in line)
        for options in ([], ["--prune"], ["--prune", "--dry-run"]):
            shown = CliRunner().invoke(app, [*command[3:], *options])
            assert shown.exit_code == 2
            assert "in use" in shown.stderr
            assert "Wait until it ends" in shown.stderr
        process.kill()
    shown = CliRunner().invoke(app, [*command[3:], "--prune", "--json"])
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["missing"]


def test_without_a_run_there_is_nothing_to_prune(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    with pytest.raises(InputError, match="holds no results of a run"):
        prune(RunConfig(recipe=write_recipe(), out=tmp_path / "out", prune=True))
    assert not (tmp_path / "out").exists()


def test_a_run_that_cannot_begin_leaves_no_folder(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    recipe = write_recipe(sources={"train": str(tmp_path / "absent"), "evaluation": str(tmp_path / "absent")})
    with pytest.raises(InputError):
        run(RunConfig(recipe=recipe, out=tmp_path / "runs" / "out"))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("option", [["--dry-run"], ["--keep-days", "3"]])
def test_options_of_prune_go_with_it(write_recipe: WriteRecipe, option: list[str]) -> None:
    shown = CliRunner().invoke(app, ["run", str(write_recipe()), *option])
    assert shown.exit_code == 2
    assert "goes with prune" in shown.stderr


def test_the_table_names_what_goes_and_what_stays(tmp_path: Path, write_recipe: WriteRecipe) -> None:
    stored, options = tmp_path / "out" / "stages", [str(write_recipe()), "--out", str(tmp_path / "out"), "--prune"]
    half = stored / f"render-train-{'a' * 12}" / "lines.tar"
    half.parent.mkdir(parents=True)
    half.write_bytes(bytes(2000))
    (stored / "notes\x1b.txt").write_text("")
    (stored / os.fsdecode(b"\xff")).write_text("")
    shown = CliRunner().invoke(app, ["run", *options, "--dry-run"]).stdout
    assert f"render-train-{'a' * 12}  unfinished  2.00 kB" in shown.replace("\u00a0", " ")
    assert "would be 0 B; nothing was removed" in shown.replace("\u00a0", " ")
    shown = CliRunner().invoke(app, ["run", *options]).stdout
    assert "stages/notes\\x1b.txt is not of crnn-deploy, and stays." in shown
    assert "stages/? is not of crnn-deploy, and stays." in shown
    assert "No result yet: render-train. What later stages stored stays." in shown
    assert "2.00 kB before, 0 B now" in shown.replace("\u00a0", " ")
    assert not half.exists()
    assert "nothing to remove" in CliRunner().invoke(app, ["run", *options]).stdout
