"""Every command in the README runs, in its order, in one folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from snippets import ROOT, read_page, run_command

from crnn_deploy import Reader
from crnn_deploy.data.sources.opening import open_source

README = read_page(ROOT / "README.md")
LONGEST = 120  # lines, and characters of a line
# What makes a whole run on own lines short enough for a test.
SMALL = {
    "distill.epochs": 1,
    "distill.soup": 1,
    "sources.extra.0.render.count": 40,
    "sources.extra.1.join.count": 20,
    "quantize.samples": 20,
    "benchmark.threads": [1],
    "benchmark.batches": [1],
    "benchmark.rounds": 10,
    "benchmark.seconds": 0.1,
    "budget.min_speedup": 1000,  # nothing keeps this budget
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))  # not the user's
    return tmp_path


def execute(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a program of its own, as a shell does."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_quickstart_and_the_python_snippet(folder: Path) -> None:
    pytest.importorskip("easyocr_en_models")
    steps = [words for words in README.commands() if words[1] not in ("run", "report")]
    assert len(steps) == 10
    for words in steps[:-1]:
        run_command(words, "README.md")
    done = execute(steps[-1], folder)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 40
    (snippet,) = (block.text for block in README.blocks if block.language == "python")
    source = open_source("unseen.tar")
    source.image(0).save("line.png")
    read, error = execute([sys.executable, "-c", snippet], folder).stdout.splitlines()
    assert read == Reader("student.int8.onnx")("line.png").text
    assert float(error.split()[0]) >= 0


@pytest.mark.usefixtures("folder")
def test_a_run_on_own_lines() -> None:
    pytest.importorskip("easyocr_en_models")
    pytest.importorskip("rapidocr")
    for name, seed in (("train", "1"), ("val", "2")):
        run_command(shlex.split(f"crnn-deploy render -o DATA/{name}.tar --count 40 --seed {seed}"), "data")
    run, report = (words for words in README.commands() if words[1] in ("run", "report"))
    assert "Rejected" in run_command(run, "README.md", SMALL)
    assert "baseline" in run_command(report, "README.md")


def test_make_runs_what_the_readme_says() -> None:
    commands = [line for block in README.blocks if block.language == "console" for line in block.text.splitlines()]
    assert {"make demo", "make test"} <= {line.partition("#")[0].strip() for line in commands}
    assert "crnn-deploy run quickstart" in execute(["make", "--dry-run", "demo"], ROOT).stdout
    checks = execute(["make", "--dry-run", "test"], ROOT).stdout
    for tool in ("ruff check", "ruff format --check", "mypy", "mkdocs build --strict", "pytest"):
        assert tool in checks


@pytest.mark.parametrize("recipe", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid(recipe: Path) -> None:
    from crnn_deploy.pipeline.recipe import load_recipe

    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", recipe.read_text(encoding="utf-8")), "VALUE")
    settings = tuple(f"{name}={value}" for name, value in variables.items())
    assert load_recipe(recipe, settings).name == yaml.safe_load(recipe.read_text())["name"] == recipe.stem


def test_the_readme_is_short() -> None:
    rows = README.path.read_text(encoding="utf-8").splitlines()
    assert len(rows) <= LONGEST
    assert all(len(row) <= LONGEST for row in rows)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_files_that_a_page_links_exist(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        assert target.startswith("https://") or (ROOT / target).exists(), target
