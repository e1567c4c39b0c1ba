"""Compares labels alone with everything that a teacher can add, on three data sets.

    python benchmarks/distillation/study.py DATA --work WORK -o benchmarks/distillation/study

Every finished run is stored in WORK, so the same command continues after an interruption. `--only-tables` writes the
results of the finished runs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))  # of side_by_side

from materials import MATERIALS, Material, teacher_of, training_data
from runs import TEACHER, Record, Run, keep, kept, make, of_teacher, planned
from side_by_side import write_results
from study_tables import as_table, rows_of

from crnn_deploy.progress import Progress, Silent
from crnn_deploy.validation import is_config

Make = Callable[[Run, Path, str, str, Path, Progress], Record]
_EXPLANATION = (
    "*Change* is against *labels only* in the same precision and over the same seeds, in percentage points. Its 95 % "
    "interval is a paired bootstrap: each resample draws seeds, which both methods have in common, and evaluation "
    "images, which all seeds have in common. So with three seeds it is about as wide as the range of their results."
)


class _Messages(Silent):
    """Prints messages with the time, without progress bars."""

    def log(self, message: str) -> None:
        print(time.strftime("%H:%M:%S"), message, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with sroie_lines, captcha_v2 and cifar100")
    parser.add_argument("--work", required=True, type=Path, help="folder for teachers, students and finished runs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="+", choices=[m.name for m in MATERIALS], help="absent: all")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--only-tables", action="store_true", help="write the tables of the finished runs, without new runs"
    )
    parser.add_argument("-o", "--output", required=True, type=Path, help="without suffix: writes a .json and a .md")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    materials = [m for m in MATERIALS if options.sets is None or m.name in options.sets]
    if not options.only_tables:
        study(materials, options.data, options.work, options.seeds, make, _Messages())
    write(MATERIALS, options.work, options.output)
    return 0


def study(materials: Sequence[Material], data: Path, work: Path, seeds: int, make: Make, progress: Progress) -> None:
    """Make all runs that are not in `work` yet."""
    (work / "records").mkdir(parents=True, exist_ok=True)

    for run in planned(materials, seeds):
        path = _record(work, run.name)
        if path.exists():
            continue
        material, evaluation = run.material, str(data / run.material.evaluation)
        teacher = teacher_of(material, data, work, progress)
        teachers = _record(work, f"{material.name}-{TEACHER}")
        if not teachers.exists():
            keep(of_teacher(material, teacher, evaluation), teachers)
        progress.log(f"{material.name}, {run.method.name}, seed {run.seed}")
        keep(make(run, teacher, training_data(material, data, work), evaluation, work, progress), path)


def write(materials: Sequence[Material], work: Path, output: Path) -> None:
    """Write the tables of the runs in `work`."""
    records = [kept(path) for path in sorted((work / "records").glob("*.json"))]
    rows = {material.name: rows_of(material, records) for material in materials}
    blocks = [_EXPLANATION]
    for material in materials:
        if rows[material.name]:
            blocks += [f"## {material.name}", as_table(material, rows[material.name])]
    results = [{"material": name, **row} for name, of_material in rows.items() for row in of_material]
    write_results(output, "What each part of distillation brings", blocks, results, _settings(materials))


def _settings(materials: Sequence[Material]) -> dict[str, str]:
    return {m.name: f"teacher {m.teacher}, students {_plain(m.student)}" for m in materials}


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without the defaults of the student in them."""
    return {
        name: value.model_dump(exclude_defaults=True) if is_config(type(value)) else value
        for name, value in options.items()
    }


def _record(work: Path, name: str) -> Path:
    return work / "records" / f"{name}.json"


if __name__ == "__main__":
    sys.exit(main())
