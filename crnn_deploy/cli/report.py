"""`crnn-deploy report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import show_report_files
from crnn_deploy.cli.console import show, show_json
from crnn_deploy.cli.options import Debug, Json


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or its report.json.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Write JSON, Markdown and HTML there.")
    ] = None,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Show what a run found; with -o, write its report again.

    \b
    Examples:
      crnn-deploy report runs/quickstart
      crnn-deploy report runs/quickstart/report.json -o pages
    """
    from crnn_deploy.report.run.terminal import terminal_table
    from crnn_deploy.report.run.write import read_report, write_report

    found = read_report(run)
    written = write_report(found, output) if output else None
    if as_json:
        show_json(found.model_dump(mode="json", by_alias=True))
        return
    show(terminal_table(found))
    if written:
        show_report_files(written)
