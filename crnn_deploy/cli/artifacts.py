"""How the verbs tell of the files that they made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crnn_deploy.cli.console import show_error, show_json, show_written

if TYPE_CHECKING:
    from crnn_deploy.artifact import Artifact
    from crnn_deploy.report import Written


def show_artifact(artifact: Artifact, as_json: bool) -> None:
    """Print where an artifact is and what it came from."""
    if as_json:
        facts = {"path": str(artifact.path), "size_bytes": artifact.size_bytes, "sha256": artifact.sha256}
        show_json(facts | {"format": artifact.format, "spec": artifact.spec.model_dump(mode="json")})
        return
    from crnn_deploy.units import size

    stages = " → ".join(step.stage for step in artifact.spec.lineage)
    show_written(artifact.path, f"{size(artifact.size_bytes)}, {stages}")


def show_report_files(written: Written) -> None:
    """Print which files a report became, and why the page is missing if it is."""
    for file in written.files:
        show_written(file, "")
    if written.html_error:
        show_error(written.html_error)
