"""Every command in the README runs, in its order, in one folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_crnn
import yaml

from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.native.plugin import find_nvcc

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# What makes a whole run short enough for a test; the commands stay as they are printed.
SMALL = (
    "distill.epochs=1",
    "sources.extra.render.count=40",
    "quantize.samples=20",
    "benchmark.rounds=3",
    "benchmark.seconds=0.2",
    "budget.min_speedup=1000",
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[list[str]]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith(f"{program} ")]


def execute(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment["CRNN_DEPLOY_CACHE"] = str(folder / "cache")  # not the user's
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_steps_for_a_checkpoint(tmp_path: Path) -> None:
    package = pytest.importorskip("easyocr_en_models")
    shutil.copy(Path(package.model_dir()) / "english_g2.pth", tmp_path)
    steps = [step for step in commands("crnn-deploy") if step[1] not in ("run", "report") and not is_engine_step(step)]
    assert len(steps) >= 10
    for command in steps:
        done = execute(command, tmp_path)
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"
    plain, verbs = blocks("python")
    assert execute([sys.executable, "-c", plain], tmp_path).returncode == 0
    assert float(execute([sys.executable, "-c", verbs], tmp_path).stdout.split()[0]) >= 0


def is_engine_step(command: list[str]) -> bool:
    return command[1] in ("build-engine", "build-plugin") or any(word.endswith(".engine") for word in command)


def test_the_steps_for_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is not installed")
    try:
        find_nvcc()
    except InputError as error:
        pytest.skip(error.what)
    tiny_crnn.register(monkeypatch)
    student = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    export(ExportConfig(model=student.path, output=tmp_path / "student.onnx"))
    (calibrate,) = (step for step in commands("crnn-deploy") if "tensorrt" in step)
    steps = [step for step in commands("crnn-deploy") if is_engine_step(step)]
    assert len(steps) >= 4
    for command in (["crnn-deploy", "render", "-o", "lines.tar", "--count", "40"], calibrate, *steps):
        done = execute(command, tmp_path)
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"


def test_a_run_on_own_lines(tmp_path: Path) -> None:
    pytest.importorskip("easyocr_en_models")
    (tmp_path / "DATA").mkdir()
    for name, seed in (("train", "1"), ("val", "2")):
        lines = ["render", "-o", f"DATA/{name}.tar", "--count", "40", "--seed", seed]
        assert execute(["crnn-deploy", *lines], tmp_path).returncode == 0
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    run, report = (command for command in commands("crnn-deploy") if command[1] in ("run", "report"))
    done = execute([*run, *(word for setting in SMALL for word in ("--set", setting))], tmp_path)
    assert done.returncode == 1, done.stderr  # nothing keeps that budget, and the gate says so
    assert "Rejected" in done.stderr
    assert "baseline" in execute(report, tmp_path).stdout


def test_make_demo_runs_the_quickstart() -> None:
    assert commands("make") == [["make", "demo"], ["make", "test"]]
    done = execute(["make", "--dry-run", "demo"], ROOT)
    assert "crnn-deploy run recipes/quickstart.yaml" in done.stdout


@pytest.mark.parametrize("recipe", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid(recipe: Path) -> None:
    from crnn_deploy.pipeline.recipe import load_recipe

    settings = ("data=DATA",) if "${data}" in recipe.read_text() else ()
    assert load_recipe(recipe, settings).name == yaml.safe_load(recipe.read_text())["name"] == recipe.stem


@pytest.mark.parametrize("recipe", ["receipts", "receipts-gpu", "unlabelled", "captcha"])
def test_recipes_for_own_data_ask_for_them(recipe: str) -> None:
    from crnn_deploy.pipeline.recipe import load_recipe

    with pytest.raises(InputError, match="needs the variable 'data'") as raised:
        load_recipe(ROOT / "recipes" / f"{recipe}.yaml")
    assert raised.value.fix == "Add --set data=VALUE"


def test_pictures_and_files_that_it_names_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
