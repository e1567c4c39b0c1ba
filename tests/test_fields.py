"""Every field that a user can write has a description: the reference in the documentation is made from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from crnn_deploy.pipeline.recipe import Recipe
from crnn_deploy.spec import ModelSpec
from crnn_deploy.validation import ConfigType, is_config


def models_in(annotation: Any) -> Iterator[ConfigType]:
    if is_config(annotation):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def nested(root: ConfigType, seen: set[ConfigType]) -> set[ConfigType]:
    if root not in seen:
        seen.add(root)
        for field in root.model_fields.values():
            for model in models_in(field.annotation):
                nested(model, seen)
    return seen


@pytest.mark.parametrize("root", [Recipe, ModelSpec], ids=lambda root: root.__name__)
def test_every_key_of_recipes_and_specs_has_a_description(root: ConfigType) -> None:
    missing = [
        f"{model.__name__}.{name}"
        for model in nested(root, set())
        for name, field in model.model_fields.items()
        if not re.search(r"[.)]$", field.description or "")
    ]
    assert missing == []
