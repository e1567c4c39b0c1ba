"""Parts of a spec as options take them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from crnn_deploy import limits
from crnn_deploy.spec import ClassText
from crnn_deploy.vector import column_name

Charset = Annotated[
    tuple[ClassText, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, str) else value)
]
"""Characters; a text stands for each of its own."""


def _split(value: object) -> object:
    """Names in one text have commas between them; each becomes what sources call it."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)):
        return names
    return [column_name(name) if isinstance(name, str) else name for name in names]


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a number is named twice")
    return names


VectorNames = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=limits.MAX_TEXT)], ...],
    Field(max_length=limits.MAX_VECTOR),
    BeforeValidator(_split),
    AfterValidator(_each_once),
]
"""Names of numbers beside a picture; `all` stands for everything beside the training images."""
