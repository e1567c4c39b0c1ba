"""Options of `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import Argument, Frozen, Option


class RunConfig(Frozen):
    """One run of a recipe."""

    recipe: Annotated[Path, Argument(metavar="RECIPE", suffixes=(".yaml", ".yml"))] = Field(
        description="A YAML file, or the name of a recipe that comes with the package.", examples=["quickstart"]
    )
    settings: Annotated[tuple[str, ...], Option(name="set", metavar="KEY=VALUE")] = Field(
        default=(),
        description="A value that replaces the one in the recipe; may be repeated.",
        examples=["distill.epochs=30"],
    )
    out: Annotated[Path | None, Option(metavar="FOLDER")] = Field(
        default=None, description="Folder of the results; without it runs/NAME.", examples=["runs/mine"]
    )
    prune: bool = Field(
        default=False,
        description="At the end, remove the results of stages that this run did not use, and old answers of teachers.",
    )
    keep_days: Annotated[float, Option(metavar="DAYS")] = Field(
        default=0, ge=0, description="With --prune: keep what was used in the last days."
    )
    trust_module: bool = Field(
        default=False, description="Run the Python files that the recipe and its artifacts of your own networks name."
    )
