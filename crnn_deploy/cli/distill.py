"""`crnn-deploy distill`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import show_artifact
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.options import SOURCE, SOURCE_HELP, Debug, Force, Json, Output, SkipBad, as_config


def distill(
    teacher: Annotated[Path, typer.Argument(metavar="TEACHER", help="A .safetensors or .onnx artifact.")],
    data: Annotated[str, typer.Option(metavar=SOURCE, help=f"Training images: {SOURCE_HELP}, or unlabelled.")],
    output: Output,
    val: Annotated[
        str | None, typer.Option(metavar=SOURCE, help="Validation images; default: some of the training images.")
    ] = None,
    student: Annotated[
        str, typer.Option(metavar="FAMILY", help="mobilenet-v4-gru (dense) or mobilenet-v3-gru (classic).")
    ] = "mobilenet-v4-gru",
    width: Annotated[float, typer.Option(help="Scales the student's channels.")] = 1.0,
    hidden: Annotated[int, typer.Option(help="Units of its GRU in each direction.")] = 96,
    layers: Annotated[int, typer.Option(help="Its GRU layers.")] = 1,
    epochs: Annotated[int, typer.Option(help="Passes over the data.")] = 15,
    batch_size: Annotated[int, typer.Option(help="Images a step.")] = 24,
    learning_rate: Annotated[float, typer.Option(help="Peak of the cosine schedule.")] = 2.5e-3,
    use_labels: Annotated[bool, typer.Option("--labels/--no-labels", help="Learn from labels too.")] = True,
    seed: Annotated[int, typer.Option(help="Of weights, order and augmentation.")] = 0,
    skip_bad: SkipBad = False,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Train a small MobileNet-GRU student on a teacher's readings and, where there are any, on labels.

    Ctrl-C keeps the state: the same command again goes on where it was.

    \b
    Examples:
      crnn-deploy distill teacher.safetensors --data train.tar -o student.safetensors
      crnn-deploy distill teacher.onnx --data photos --width 0.5 -o small.safetensors
    """
    from crnn_deploy.training import DistillConfig
    from crnn_deploy.training import distill as distill_student

    given = {
        **{"teacher": teacher, "data": data, "validation": val, "output": output, "force": force},
        **{"student": student, "width": width, "hidden": hidden, "layers": layers},
        **{"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed},
        **{"use_labels": use_labels, "skip_bad": skip_bad},
    }
    config = as_config(DistillConfig, given)
    with RichProgress() as progress:
        artifact = distill_student(config, progress)
    show_artifact(artifact, as_json)
