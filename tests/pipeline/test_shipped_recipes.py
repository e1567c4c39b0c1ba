"""Recipes of the package are found by their names, from a source checkout and from a wheel."""

from __future__ import annotations

import shutil
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
