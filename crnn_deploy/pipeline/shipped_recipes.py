"""The recipes that come with the package: `crnn_deploy/recipes` in a wheel, `recipes/` in a source checkout."""

from __future__ import annotations

from pathlib import Path

import crnn_deploy
from crnn_deploy.errors import InputError


def find_recipe(recipe: Path) -> Path:
    """The file of a recipe: a path is returned as it is, and a plain name such as `quickstart` is looked up.

    Raises:
        InputError: if there is neither a file nor a recipe of the package of this name.
    """
    if recipe.suffix or len(recipe.parts) != 1 or recipe.is_file():
        return recipe
    recipes = shipped_recipes()
    if recipe.name not in recipes:
        raise InputError(
            f"There is no recipe '{recipe}'.",
            "It is neither a file nor one of the recipes of this package.",
            f"Choose one of {', '.join(recipes)}, or give a YAML file.",
        )
    return recipes[recipe.name]


def shipped_recipes() -> dict[str, Path]:
    """The files of the package's recipes by name."""
    package = Path(crnn_deploy.__file__).parent
    places = (package / "recipes", package.parent / "recipes")
    folder = next((place for place in places if place.is_dir()), places[0])
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}
