"""What all configs and records share: immutable, and unknown keys are refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of all configs: immutable, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
