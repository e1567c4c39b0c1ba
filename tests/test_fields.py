"""Every field that a user can write has a description: the reference in the documentation is made from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from crnn_deploy.pipeline.recipe import Recipe
from crnn_deploy.spec import ModelSpec


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def nested(root: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if root not in seen:
        seen.add(root)
        for field in root.model_fields.values():
            for model in models_in(field.annotation):
                nested(model, seen)
    return seen


@pytest.mark.parametrize("root", [Recipe, ModelSpec], ids=lambda root: root.__name__)
def test_every_key_of_recipes_and_specs_has_a_description(root: type[BaseModel]) -> None:
    missing = [
        f"{model.__name__}.{name}"
        for model in nested(root, set())
        for name, field in model.model_fields.items()
        if not re.search(r"[.)]$", field.description or "")
    ]
    assert missing == []
