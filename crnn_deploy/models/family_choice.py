"""What all choices of a network have in common: they are named by their family, and may be spelled in one text."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from crnn_deploy.compact import expand_compact
from crnn_deploy.config import Frozen


class FamilyChoice(Frozen):
    """A family and its options: fields, or `FAMILY[:KEY=VALUE,…]`."""

    NAMED_BY: ClassVar[str] = "family"

    @model_validator(mode="before")
    @classmethod
    def _from_compact(cls, value: object) -> object:
        return expand_compact(value, "family")
