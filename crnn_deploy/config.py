"""What all configs and records share: immutable, and unknown keys are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of all configs: immutable, and unknown keys are refused.

    `RENAMED` lists keys of earlier versions: old key → "new key", or "new key, remark". They are refused with that
    hint.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(frozen=True, extra="forbid")
