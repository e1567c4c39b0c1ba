"""`crnn-deploy run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import show_report_files
from crnn_deploy.cli.console import RichProgress, show, show_json
from crnn_deploy.cli.options import Debug, Json, as_config
from crnn_deploy.errors import GateError


def run(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A YAML file, as those in recipes/.")],
    settings: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="Over the recipe's own; may be repeated.")
    ] = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Default: runs/NAME.")] = None,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Go from a checkpoint to small, fast, checked models and a report.

    Stages whose inputs have not changed are not run again, and an interrupted
    run goes on where it was. Exits with 1 if a model missed its budget; the
    report says which and why.

    \b
    Examples:
      crnn-deploy run recipes/quickstart.yaml
      crnn-deploy run recipes/receipts.yaml --set data=sroie_lines --out runs/mine
    """
    from crnn_deploy.pipeline.config import RunConfig
    from crnn_deploy.pipeline.run import run as run_recipe
    from crnn_deploy.report.run.terminal import terminal_table

    config = as_config(RunConfig, {"recipe": recipe, "settings": settings, "out": out})
    with RichProgress() as progress:
        result = run_recipe(config, progress)
    if as_json:
        show_json({"folder": str(result.folder), **result.report.model_dump(mode="json", by_alias=True)})
    else:
        show(terminal_table(result.report))
        show_report_files(result.written)
    if result.rejected:
        raise GateError(
            f"Rejected: {', '.join(result.rejected)}.", fix=f"See {result.folder}/report.md for the reasons."
        )
