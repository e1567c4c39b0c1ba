"""Recipes of the package are found by their names, from a source checkout and from a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import crnn_deploy
from crnn_deploy.errors import InputError
from crnn_deploy.pipeline.recipe import load_recipe
from crnn_deploy.pipeline.shipped_recipes import find_recipe, shipped_recipes

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))


def test_a_name_is_looked_up_among_the_recipes_of_the_package() -> None:
    assert sorted(shipped_recipes()) == NAMES
    assert find_recipe(Path("quickstart")) == ROOT / "recipes" / "quickstart.yaml"
    assert load_recipe(Path("quickstart")).name == "quickstart"


def test_files_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reader").mkdir()  # a folder is no recipe
    assert find_recipe(Path("reader")) == ROOT / "recipes" / "reader.yaml"
    (tmp_path / "quickstart").write_text("name: mine")
    for path in ("quickstart", "quickstart.yaml", "recipes/quickstart"):
        assert find_recipe(Path(path)) == Path(path)


def test_an_unknown_name_lists_the_recipes() -> None:
    with pytest.raises(InputError, match="no recipe 'quikstart'") as caught:
        load_recipe(Path("quikstart"))
    assert all(name in caught.value.fix for name in NAMES)


def test_in_an_installed_package_they_are_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "crnn_deploy"
    shutil.copytree(ROOT / "recipes", package / "recipes")
    monkeypatch.setattr(crnn_deploy, "__file__", str(package / "__init__.py"))
    assert find_recipe(Path("captcha")) == package / "recipes" / "captcha.yaml"


def test_a_wheel_contains_the_recipes(tmp_path: Path) -> None:
    """Builds a wheel as pip does, if the build backend can be had."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / Path(sys.executable).name
    if subprocess.run([python, "-m", "pip", "install", "-q", "scikit-build-core"], check=False).returncode:
        pytest.skip("needs scikit-build-core from a package index")
    copied = ("crnn_deploy", "recipes", "pyproject.toml", "README.md", "LICENSE")
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    for name in copied:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / "source" / name, ignore=ignored)
        else:
            shutil.copyfile(ROOT / name, tmp_path / "source" / name)
    command = [python, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path]
    build = [*command, "-C", "wheel.cmake=false", tmp_path / "source"]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
    assert sorted(Path(file).stem for file in files if file.startswith("crnn_deploy/recipes/")) == NAMES
    assert "crnn_deploy/pipeline/recipe.py" in files
    assert not [file for file in files if file.startswith("recipes/")]
