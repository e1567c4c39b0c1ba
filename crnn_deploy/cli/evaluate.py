"""`crnn-deploy evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crnn_deploy.cli.console import RichProgress, facts_table, show, show_json, show_reservation, show_written
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.ranks import connected_ranks

if TYPE_CHECKING:
    from crnn_deploy.evaluation.result import Evaluation

_FIGURES = {
    "cer": "CER",
    "cer_ci": "CER, case-insensitive",
    "word_accuracy": "word accuracy",
    "word_accuracy_ci": "word accuracy, case-insensitive",
    "top1": "top-1",
    "top5": "top-5",
}


def evaluate(config: EvaluateConfig, as_json: bool) -> None:
    """Measure how well a model reads: CER, word accuracy, or top-1 and top-5, with 95 % intervals.

    Under torchrun, processes share the images; the result is the same.

    \b
    Examples:
      crnn-deploy evaluate teacher.safetensors --data val.tar
      crnn-deploy evaluate student.int8.onnx --data val.tar --batch-size 1 --json
      crnn-deploy evaluate student.onnx --data val.tar --predictions val.parquet
      torchrun --nproc-per-node 4 -m crnn_deploy evaluate student.onnx \\
        --data val.tar
    """
    from crnn_deploy.evaluation.evaluate import evaluate_by_ranks

    with RichProgress() as progress, connected_ranks() as ranks:
        evaluation = evaluate_by_ranks(config, ranks, progress)
    if evaluation is None:  # the first process shows it
        return
    if as_json:
        show_json(evaluation.figures(), config)
        return
    if evaluation.unproven:
        from crnn_deploy.evaluation.unproven import not_proved

        show_reservation(not_proved("the model", evaluation.unproven))
    show(facts_table(_lines(evaluation)))
    if config.predictions is not None:
        show_written(config.predictions, f"{len(evaluation.predictions):,} predictions")


def _lines(evaluation: Evaluation) -> list[tuple[str, str]]:
    from crnn_deploy.units import interval, percent

    accuracy = evaluation.accuracy
    lines = [("images", f"{accuracy.count} of {evaluation.dataset.name}")]
    for figure, title in _FIGURES.items():
        value = getattr(accuracy, figure)
        if value is not None:
            lines.append((title, f"{percent(value)} ({interval(accuracy.ci95[figure])})"))
    if (reliable := evaluation.reliability) is not None:
        lines.append(("calibration error of confidences", percent(reliable.calibration_error)))
    if evaluation.skipped:
        lines.append(("skipped", ", ".join(evaluation.skipped)))
    if evaluation.unknown_characters:
        characters = ", ".join(f"{character!r} ×{count}" for character, count in evaluation.unknown_characters.items())
        lines.append(("outside the charset", characters))
    return lines
