"""Options of `run`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from crnn_deploy.config import Frozen


class RunConfig(Frozen):
    """One run of a recipe."""

    recipe: Path
    settings: tuple[str, ...] = Field(default=(), description="key=value, over the recipe's own")
    out: Path | None = Field(default=None, description="absent: runs/NAME")
