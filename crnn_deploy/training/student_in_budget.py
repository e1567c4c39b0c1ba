"""The student of a distillation that has a budget instead of a student."""

from __future__ import annotations

from typing import Any

from crnn_deploy.errors import InputError
from crnn_deploy.models.student import student_spec
from crnn_deploy.progress import Progress
from crnn_deploy.ranks import named_ranks
from crnn_deploy.spec import ModelSpec
from crnn_deploy.students.config import StudentBudget, StudentsConfig
from crnn_deploy.training.config import DistillConfig


def check_budget_can_be_measured(budget: StudentBudget) -> None:
    """Raise `InputError` if there is a budget and this is one of several processes of `torchrun`.

    They would slow each other down during the measurement.
    """
    if budget.has_limit and named_ranks().count > 1:
        raise InputError(
            "A budget can't be measured by several processes at once.",
            fix="Pick a student by crnn-deploy students --budget-ms, and name it: --student FAMILY:KEY=VALUE,…",
        )


def with_student_in_budget(config: DistillConfig, teacher: ModelSpec, progress: Progress) -> DistillConfig:
    """The config with the largest student within its budget on this machine; unchanged if it has no budget.

    Args:
        teacher: gives the number of classes, unless the config has a charset; and the size of pictures.

    Raises:
        InputError: if no student is within the budget, or as `student_spec`.
    """
    if not config.has_limit:
        return config
    from crnn_deploy.students.survey import pick_student  # takes time to import

    classes = teacher.num_outputs if config.charset is None else len(config.charset) + 1
    limits = {name: getattr(config, name) for name in StudentBudget.model_fields}
    surveyed = StudentsConfig(classes=classes, **_seen(config, teacher), **limits)
    choice = pick_student(surveyed, progress)
    options = choice.model_dump(include={"width", "hidden"}) | choice.model_dump(exclude_defaults=True)
    options.pop("family", None)
    progress.log(f"within the budget: {choice.family}:{','.join(f'{key}={value}' for key, value in options.items())}")
    return config.model_copy(update={"student": choice})


def _seen(config: DistillConfig, teacher: ModelSpec) -> dict[str, Any]:
    """Colours of what a student sees, and height and width of its pictures; those of any width count as square."""
    seen = student_spec("student", config.student, teacher, config.charset, config.height).preprocessing
    size = {"height": seen.height, "picture_width": seen.width} if teacher.task == "classify" else {}
    return {"channels": config.channels or seen.channels, **size}
