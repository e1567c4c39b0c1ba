"""Show the files that a verb wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crnn_deploy.cli.console import show_error, show_json, show_reservation, show_written

if TYPE_CHECKING:
    from crnn_deploy.artifact import Artifact
    from crnn_deploy.config import Frozen
    from crnn_deploy.report.run.write import Written


def artifact_facts(artifact: Artifact) -> dict[str, Any]:
    """The facts about an artifact for `--json`."""
    facts = {"path": str(artifact.path), "size_bytes": artifact.size_bytes, "sha256": artifact.sha256}
    return facts | {"format": artifact.format, "spec": artifact.spec.model_dump(mode="json")}


def show_artifact(artifact: Artifact, config: Frozen, as_json: bool, reported: bool = False) -> None:
    """Print the path of an artifact, its size and the stages of its lineage, after the reservation of the last stage.

    Args:
        reported: whether a report of the stage, printed before, tells the reservation already.
    """
    if as_json:
        show_json(artifact_facts(artifact), config)
        return
    from crnn_deploy.units import size

    reservation = artifact.spec.reservation
    if reservation and not reported:
        show_reservation(reservation)
    stages = " → ".join(step.stage for step in artifact.spec.lineage)
    show_written(artifact.path, f"{size(artifact.size_bytes)}, {stages}", proved=not reservation)


def show_report_files(written: Written) -> None:
    """Print the files of a report, and why there is no HTML page if there is none."""
    for file in written.files:
        show_written(file, "")
    if written.html_error:
        show_error(written.html_error)
