"""Options of `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import Argument, Frozen, Option


class RunConfig(Frozen):
    """One run of a recipe."""

    recipe: Annotated[Path, Argument(metavar="RECIPE", suffixes=(".yaml", ".yml"))] = Field(
        description="A YAML file.", examples=["recipes/quickstart.yaml"]
    )
    settings: Annotated[tuple[str, ...], Option(name="set", metavar="KEY=VALUE")] = Field(
        default=(),
        description="A value that replaces the one in the recipe; may be repeated.",
        examples=["distill.epochs=30"],
    )
    out: Annotated[Path | None, Option(metavar="FOLDER")] = Field(
        default=None, description="Folder of the results; without it runs/NAME.", examples=["runs/mine"]
    )
