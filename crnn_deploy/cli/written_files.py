"""How the verbs tell of the files that they made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crnn_deploy.cli.console import show_error, show_json, show_written

if TYPE_CHECKING:
    from crnn_deploy.artifact import Artifact
    from crnn_deploy.config import Frozen
    from crnn_deploy.report.run.write import Written


def artifact_facts(artifact: Artifact) -> dict[str, Any]:
    """What machines are told of an artifact."""
    facts = {"path": str(artifact.path), "size_bytes": artifact.size_bytes, "sha256": artifact.sha256}
    return facts | {"format": artifact.format, "spec": artifact.spec.model_dump(mode="json")}


def show_artifact(artifact: Artifact, config: Frozen, as_json: bool) -> None:
    """Print where an artifact is and what it came from."""
    if as_json:
        show_json(artifact_facts(artifact), config)
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
