"""`crnn-deploy report`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import show, show_json
from crnn_deploy.cli.written_files import show_report_files
from crnn_deploy.report.config import ReportConfig


def report(config: ReportConfig, as_json: bool) -> None:
    """Show what a run measured and decided; with -o, write its report again.

    \b
    Examples:
      crnn-deploy report runs/quickstart
      crnn-deploy report runs/quickstart/report.json -o pages
    """
    from crnn_deploy.report.run.terminal import terminal_table

    stored = api.report(config)
    if as_json:
        show_json(stored.report.model_dump(mode="json", by_alias=True), config)
        return
    show(terminal_table(stored.report))
    if stored.written:
        show_report_files(stored.written)
