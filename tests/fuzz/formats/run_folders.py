"""What a run leaves and later commands read: its report, and the records of its stages."""

from __future__ import annotations

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_json
from report.makers import classifier_report, full_report

COMMANDS = {
    "report runs/small": 4,
    "report runs/small --json": 2,
    "report runs/small/report.json -o pages": 1,
}


def seeds() -> list[Seed]:
    reports = [full_report(), classifier_report()]
    texts = [report.model_dump_json(by_alias=True).encode() for report in reports]
    return [Seed({"runs/small/report.json": text}, "runs/small/report.json", COMMANDS) for text in texts]


FORMAT = Format("run folders", seeds, mutate_json)
