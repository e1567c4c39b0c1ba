"""Pages that MkDocs makes from the code: verbs, recipe, spec, limits, picture of the rooms, and schema of recipes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaValidator, core_schema

sys.path.insert(0, str(Path(__file__).parent))

from config_tables import key_sections, verb_section
from limits_table import limits_tables
from rooms_picture import ROOT, draw_rooms

from crnn_deploy.cli.app import VERBS
from crnn_deploy.config import Frozen, as_tuple
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
    """The JSON schema of recipes, with the short spellings that configs take."""
    return Recipe.model_json_schema(schema_generator=ShortSpellings)


class ShortSpellings(GenerateJsonSchema):
    """Where a validator runs before pydantic's and accepts a plain value, such as a path alone, so does the schema."""

    SAMPLES: ClassVar = {"string": ("x", "0.5%", "ctc", "mobilenet-v4-gru"), "integer": (1,)}

    _shared: Sequence[core_schema.CoreSchema] = ()  # configs that stand in several places

    def definitions_schema(self, schema: core_schema.DefinitionsSchema) -> dict[str, Any]:
        """The schema of all; what is shared is kept, since validators of parts need it."""
        self._shared = schema["definitions"]
        return super().definitions_schema(schema)

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> dict[str, Any]:
        """The schema of what the validator passes on, and the plain values that it accepts."""
        if schema["function"]["function"].__name__ == Frozen._numbers_are_no_truth.__name__:  # it only refuses
            return super().function_before_schema(schema)
        if schema["function"]["function"] is as_tuple:  # one value needs no list
            several = super().function_before_schema(schema)
            return {"anyOf": [several["items"], several]}
        validator = SchemaValidator(core_schema.definitions_schema(schema, [*self._shared]) if self._shared else schema)
        plain = [kind for kind, values in self.SAMPLES.items() if any(_accepts(validator, value) for value in values)]
        return {"anyOf": [*({"type": kind} for kind in plain), super().function_before_schema(schema)]}

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        """The schema of a config; that it has no other keys is said where its keys are, not beside a plain value."""
        definition = super().model_schema(schema)
        if "anyOf" in definition and "additionalProperties" in definition:
            definition["anyOf"][-1]["additionalProperties"] = definition.pop("additionalProperties")
        return definition


def _accepts(validator: SchemaValidator, value: object) -> bool:
    try:
        validator.validate_python(value)
    except ValidationError:
        return False
    return True


GENERATED = {
    "verbs": verbs,
    "recipe": lambda: key_sections(Recipe, "Recipe"),
    "spec": lambda: key_sections(ModelSpec, "Spec"),
    "rooms": draw_rooms,
    "limits": limits_tables,
}
