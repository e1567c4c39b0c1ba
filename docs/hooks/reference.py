"""Pages that MkDocs makes from the code: verbs, recipe, spec, the picture of the rooms, and the schema of recipes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pydantic import BaseModel, ValidationError

sys.path.insert(0, str(Path(__file__).parent))

from config_tables import key_sections, verb_section
from rooms_picture import ROOT, draw_rooms

from crnn_deploy.cli.app import VERBS
from crnn_deploy.pipeline.recipe import Recipe
from crnn_deploy.spec import ModelSpec

_PICTURE = "benchmarks/results/quickstart-report.png"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the schema of recipes and the picture of a report, which are not in `docs/`."""
    schema = json.dumps(recipe_schema(), indent=1, ensure_ascii=False)
    files.append(File.generated(config, "reference/recipe.schema.json", content=schema))
    files.append(File.generated(config, "assets/quickstart-report.png", abs_src_path=str(ROOT / _PICTURE)))
    return files


def on_page_markdown(markdown: str, **_others: object) -> str:
    """Replace `<!-- generated: NAME -->` by what the code says."""
    for name, generate in GENERATED.items():
        mark = f"<!-- generated: {name} -->"
        if mark in markdown:
            markdown = markdown.replace(mark, generate())
    return markdown


def verbs() -> str:
    """All verbs, in the order of the command line."""
    return "\n".join(verb_section(name, verb) for name, verb in VERBS.items())


def recipe_schema() -> dict[str, Any]:
    """The JSON schema of recipes; where a config takes a short spelling, such as a path alone, so does the schema."""
    schema = Recipe.model_json_schema()
    models = {model.__name__: model for model in _all_configs(BaseModel)}
    for name, definition in schema["$defs"].items():
        short = [kind for value, kind in (("x", "string"), (1, "integer")) if _accepts(models.get(name), value)]
        if short or _accepts(models.get(name), _first_word(definition)):
            kinds: list[dict[str, Any]] = [{"type": kind} for kind in short or ["string"]]
            schema["$defs"][name] = {"anyOf": [*kinds, definition]}
    return schema


def _all_configs(root: type[BaseModel]) -> list[type[BaseModel]]:
    return [model for child in root.__subclasses__() for model in (child, *_all_configs(child))]


def _first_word(definition: dict[str, Any]) -> str:
    """A family or kind that the definition names."""
    for key in ("family", "kind"):
        words = definition.get("properties", {}).get(key, {})
        if words:
            return str(words.get("const") or words.get("default") or words.get("enum", [""])[0])
    return ""


def _accepts(model: type[BaseModel] | None, value: object) -> bool:
    """Whether a config can be made from a single value."""
    if model is None:
        return False
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


GENERATED = {
    "verbs": verbs,
    "recipe": lambda: key_sections(Recipe, "Recipe"),
    "spec": lambda: key_sections(ModelSpec, "Spec"),
    "rooms": draw_rooms,
}
