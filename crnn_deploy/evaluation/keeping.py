"""Evaluations on disk: their figures as JSON, and their predictions beside it."""

from __future__ import annotations

import json
from pathlib import Path

from crnn_deploy.escaping import json_text
from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.files import write_text

_FIGURES, _PREDICTIONS = "evaluation.json", "evaluation.predictions"


def keep_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write an evaluation into a folder, over an older one."""
    evaluation.predictions.save(folder / _PREDICTIONS)
    record = evaluation.model_dump(mode="json", exclude={"predictions"})
    write_text(folder / _FIGURES, json_text(record))  # names of files need not be UTF-8


def kept_evaluation(folder: Path) -> Evaluation:
    """The evaluation that was written into a folder."""
    record = json.loads((folder / _FIGURES).read_text(encoding="utf-8"))
    return Evaluation.model_validate({**record, "predictions": Predictions.open(folder / _PREDICTIONS)})
