"""`crnn-deploy evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crnn_deploy.cli.console import RichProgress, facts_table, show, show_json
from crnn_deploy.cli.options import SOURCE, SOURCE_HELP, Debug, Json, SkipBad, as_config

if TYPE_CHECKING:
    from crnn_deploy.evaluation.result import Evaluation

_FIGURES = {
    "cer": "CER",
    "cer_ci": "CER, case-insensitive",
    "word_accuracy": "word accuracy",
    "word_accuracy_ci": "word accuracy, case-insensitive",
    "top1": "top-1",
}


def evaluate(
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="A .safetensors, .onnx or .engine artifact.")],
    data: Annotated[str, typer.Option(metavar=SOURCE, help=f"Labelled images: {SOURCE_HELP}.")],
    batch_size: Annotated[int, typer.Option(help="Images a batch; doesn't change the result.")] = 32,
    decoder: Annotated[str, typer.Option(metavar="greedy|beam", help="How CTC output becomes text.")] = "greedy",
    beam_width: Annotated[int, typer.Option(help="Of the beam decoder.")] = 8,
    limit: Annotated[int | None, typer.Option(help="Only the first images.")] = None,
    threads: Annotated[int | None, typer.Option(help="Of the runtime; default: its own choice.")] = None,
    skip_bad: SkipBad = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Measure how well a model reads: CER, word accuracy or top-1, with 95 % intervals.

    \b
    Examples:
      crnn-deploy evaluate teacher.safetensors --data val.tar
      crnn-deploy evaluate student.int8.onnx --data val.tar --batch-size 1 --json
    """
    from crnn_deploy.evaluation.config import EvaluateConfig
    from crnn_deploy.evaluation.evaluate import evaluate as evaluate_artifact

    options = {"batch_size": batch_size, "decoder": decoder, "beam_width": beam_width, "limit": limit}
    given = {"artifact": artifact, "data": data, "threads": threads, "skip_bad": skip_bad, **options}
    config = as_config(EvaluateConfig, given)
    with RichProgress() as progress:
        found = evaluate_artifact(config, progress)
    if as_json:
        show_json(found.figures())
    else:
        show(facts_table(_lines(found)))


def _lines(found: Evaluation) -> list[tuple[str, str]]:
    from crnn_deploy.units import interval, percent

    accuracy = found.accuracy
    lines = [("images", f"{accuracy.count} of {found.dataset.name}")]
    for figure, title in _FIGURES.items():
        value = getattr(accuracy, figure)
        if value is not None:
            lines.append((title, f"{percent(value)} ({interval(accuracy.ci95[figure])})"))
    if found.skipped:
        lines.append(("skipped", ", ".join(found.skipped)))
    if found.unknown_characters:
        characters = ", ".join(f"{character!r} ×{count}" for character, count in found.unknown_characters.items())
        lines.append(("outside the charset", characters))
    return lines
