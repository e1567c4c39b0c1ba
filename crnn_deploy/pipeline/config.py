"""Options of `run`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from crnn_deploy.config import Frozen


class RunConfig(Frozen):
    """One run of a recipe."""

    recipe: Path = Field(description="a YAML file, or the name of a recipe of the package, such as quickstart")
    settings: tuple[str, ...] = Field(default=(), description="key=value, over the recipe's own")
    out: Path | None = Field(default=None, description="absent: runs/NAME")
    prune: bool = Field(
        default=False, description="at the end, remove results of stages that this run did not use, and old answers"
    )
    keep_days: float = Field(
        default=0, ge=0, description="of what prune removes: what was used in the last so many days stays"
    )
