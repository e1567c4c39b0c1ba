"""Options of `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import Argument, Frozen, Option


class ReportConfig(Frozen):
    """A report to show, and where to write it again."""

    run: Annotated[Path, Argument(metavar="RUN", suffixes=(".json",))] = Field(
        description="The folder of a run, or its report.json.", examples=["runs/quickstart"]
    )
    output: Annotated[Path | None, Option(short="-o", metavar="FOLDER")] = Field(
        default=None, description="Write the report as JSON, Markdown and HTML into this folder.", examples=["pages"]
    )
