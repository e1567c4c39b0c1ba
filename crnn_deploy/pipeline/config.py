"""Options of `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

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
    trust_module: bool = Field(
        default=False, description="Run the Python files that the recipe and its artifacts of your own networks name."
    )
    prune: bool = Field(
        default=False,
        description="Run nothing; only remove from the folder what the recipe, as it stands, does not refer to: "
        "results of other options or data, unfinished work on them, temporary files.",
    )
    dry_run: bool = Field(default=False, description="With --prune: say what would be removed, and remove nothing.")
    keep_days: Annotated[float, Option(metavar="DAYS")] = Field(
        default=0, ge=0, description="With --prune: keep what was used in the last days."
    )

    @model_validator(mode="after")
    def _belongs_to_prune(self) -> RunConfig:
        if not self.prune and (self.dry_run or self.keep_days):
            raise ValueError(f"{'dry_run' if self.dry_run else 'keep_days'} goes with prune")
        return self
