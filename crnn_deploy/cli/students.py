"""`crnn-deploy students`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show, show_json
from crnn_deploy.students.config import StudentsConfig

if TYPE_CHECKING:
    from crnn_deploy.models.config import StudentChoice
    from crnn_deploy.students.survey import Survey


def students(config: StudentsConfig, as_json: bool) -> None:
    """Show students to distill into: how large they are, and how fast in INT8 on this machine, before any training.

    Takes minutes the first time; the figures are kept.

    \b
    Examples:
      crnn-deploy students
      crnn-deploy students --budget-ms 1.5 --budget-mb 1
      crnn-deploy students --height 64 --channels RGB --classes 100
    """
    with RichProgress() as progress:
        survey = api.students(config, progress)
    if as_json:
        show_json(survey.model_dump(mode="json"), config)
    else:
        show(_table(survey))


def _table(survey: Survey) -> Table:
    """A row for each student, an arrow at the picked one; fits 80 columns."""
    from crnn_deploy.units import milliseconds, quantity, size

    table = Table(box=box.HORIZONTALS, padding=0)
    table.add_column("")
    table.add_column("student", overflow="fold")
    for figure in ("width", "hidden", "parameters", "MACs", "INT8", "median"):
        table.add_column(figure, justify="right", no_wrap=True)
    for student in survey.students:
        choice = student.choice
        fits = student == survey.picked
        table.add_row(
            Text("→" if fits else ""),
            Text("\n".join([choice.family, *_variant(choice)])),
            *map(Text, (f"{choice.width:g}", str(choice.hidden), quantity(student.parameters))),
            *map(Text, (quantity(student.macs), size(student.size_bytes), milliseconds(student.latency_ms))),
            style="bold" if fits else "",
        )
    height, width = survey.size
    machine = f"{survey.environment.processor}, {survey.threads} thread{'s' * (survey.threads > 1)}"
    table.caption = (
        f"a {'picture' if survey.pictures else 'line'} of {height}×{width}, {survey.classes} classes; {machine}"
    )
    return table


def _variant(choice: StudentChoice) -> list[str]:
    """A line on what a student has besides its size, where it has anything."""
    told = {
        "stride 8": choice.stride == 8,
        "one direction": not choice.bidirectional,
        f"{choice.layers} layers": choice.layers > 1,
        "residual": choice.residual,
        "norm": choice.layer_norm,
    }
    names = [name for name, applies in told.items() if applies]
    return [", ".join(names)] if names else []
