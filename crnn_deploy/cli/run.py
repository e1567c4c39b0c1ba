"""`crnn-deploy run`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show, show_json
from crnn_deploy.cli.written_files import show_report_files
from crnn_deploy.errors import GateError
from crnn_deploy.pipeline.config import RunConfig


def run(config: RunConfig, as_json: bool) -> None:
    """Go from a checkpoint to small, fast, checked models and a report.

    Stages whose inputs have not changed are not run again, and an interrupted
    run continues where it stopped. Exits with 1 if a model missed its budget; the
    report says which and why.

    With --prune nothing is run: what the recipe with these options refers to,
    or can continue, stays in the folder, and other stored results are removed.

    \b
    Examples:
      crnn-deploy run quickstart
      crnn-deploy run receipts --set data=sroie_lines --out runs/mine
      crnn-deploy run recipe.yaml --prune --dry-run
    """
    if config.prune:
        _prune(config, as_json)
    else:
        _run(config, as_json)


def _prune(config: RunConfig, as_json: bool) -> None:
    from crnn_deploy.cli.pruned import show_pruned

    with RichProgress() as progress:
        pruned = api.prune(config, progress)
    if as_json:
        show_json(pruned.model_dump(mode="json"), config)
    else:
        show_pruned(pruned)


def _run(config: RunConfig, as_json: bool) -> None:
    with RichProgress() as progress:
        result = api.run(config, progress)
    if as_json:
        report = result.report.model_dump(mode="json", by_alias=True)
        show_json({"folder": str(result.folder), **report}, config)
    else:
        from crnn_deploy.report.run.terminal import terminal_table

        show(terminal_table(result.report))
        show_report_files(result.written)
    if result.report.unproven:
        baseline = result.report.baseline
        raise GateError(
            f"Nothing is proved: {baseline.name} {result.report.unproven}.",
            "The checkpoint, its spec (charset, blank, preprocessing) or the evaluation images are wrong.",
            f"See what it reads: crnn-deploy predict {baseline.path} IMAGES",
        )
    if result.rejected:
        fix = f"See {result.folder}/report.md for the reasons."
        raise GateError(f"Rejected: {', '.join(result.rejected)}.", fix=fix)
