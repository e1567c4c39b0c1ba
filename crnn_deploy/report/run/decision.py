"""Whether to ship, what the figures were measured on, and how the file that ships is used."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from crnn_deploy import units
from crnn_deploy.evaluation.result import DatasetFacts
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.summary import headline
from crnn_deploy.report.run.variant import Variant

SHIP, DO_NOT_SHIP = "Ship", "Don't ship"


@dataclass(frozen=True)
class Use:
    """How a model is used: the files to copy, the lines of Python that read with it, and the command that packages it;
    this is empty where there is none."""

    files: str
    code: tuple[str, ...]
    command: str


@dataclass(frozen=True)
class Decision:
    """What a report says first.

    Args:
        verdict: `SHIP` or `DO_NOT_SHIP`.
        name: of the variant to ship; empty where there is none.
        reason: one sentence with the main figures.
        measured_on: one or two sentences about the images; empty where nothing was read.
        use: of the variant to ship.
    """

    verdict: str
    name: str
    reason: str
    measured_on: str
    use: Use | None

    @property
    def title(self) -> str:
        """Such as `Ship student-int8`."""
        return f"{self.verdict} {self.name}".rstrip()


def decision(report: Report) -> Decision:
    """The decision of a run: what passed its gate last ships."""
    ships = report.ships
    return Decision(
        verdict=SHIP if ships else DO_NOT_SHIP,
        name=report.shipped.name if ships else "",
        reason=headline(report),
        measured_on=_measured_on(report.dataset, report.rendered) if report.dataset else "",
        use=_use(report.shipped, report.dataset) if ships else None,
    )


def _measured_on(dataset: DatasetFacts, rendered: bool | None) -> str:
    count = units.counted(dataset.count, "line" if dataset.kind == "text" else "image")
    if rendered:
        return (
            f"Measured on {count} that the run rendered, not on real ones. Before you rely on the figures, "
            "evaluate the file on labelled lines of your own."
        )
    given = " The run did not render them." if rendered is False else ""
    return f"Measured on {count} of {dataset.name}.{given}"


def _use(variant: Variant, dataset: DatasetFacts | None) -> Use:
    path, name = variant.path, variant.path.name
    beside = f" and {name}.json" if variant.format == "engine" else ""
    image = "line.png" if dataset is None or dataset.kind == "text" else "image.png"
    load = f"reader = Reader({json.dumps(name, ensure_ascii=False)})"
    code = ("from crnn_deploy import Reader", load, f'print(reader("{image}").text)')
    data = [] if image == "line.png" or dataset is None else ["--data", dataset.name]
    command = shlex.join(["crnn-deploy", "package", str(path), "--target", "python", "-o", "reader", *data])
    return Use(
        files=f"{path}{beside} ({units.size(variant.size_bytes)})",
        code=code,
        command=command if variant.format == "onnx" else "",
    )
