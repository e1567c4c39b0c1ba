"""`crnn-deploy distill`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import show_artifact
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.options import Debug, Force, Json, Output, SkipBad, as_config
from crnn_deploy.cli.training import (
    Augment,
    BatchSize,
    Charset,
    Data,
    EarlyStop,
    Epochs,
    Extra,
    LearningRate,
    Log,
    Losses,
    Precision,
    Seed,
    Soup,
    Validation,
    WarmStart,
    with_settings,
)


def distill(
    teachers: Annotated[list[Path], typer.Argument(metavar="TEACHER...", help="Artifacts; the first gives the task.")],
    data: Data,
    output: Output,
    extra: Extra = None,
    val: Validation = None,
    student: Annotated[
        str | None,
        typer.Option(
            metavar="FAMILY[:KEY=VALUE,…]",
            help="mobilenet-v1-gru, -v3-gru or -v4-gru (default); keys: dropout, bidirectional, residual, layer_norm "
            "and those below.",
        ),
    ] = None,
    width: Annotated[float | None, typer.Option(help="Scales the student's channels; default: 1.")] = None,
    hidden: Annotated[int | None, typer.Option(help="Units of its GRU in each direction; default: 96.")] = None,
    layers: Annotated[int | None, typer.Option(help="Its GRU layers; default: 1.")] = None,
    stride: Annotated[
        int | None, typer.Option(help="Pixels for each of its frames: 4 (default), or 8 for wide print.")
    ] = None,
    budget_ms: Annotated[
        float | None, typer.Option(metavar="MS", help="Take the largest student that is as fast, instead of a size.")
    ] = None,
    budget_mb: Annotated[
        float | None, typer.Option(metavar="MB", help="The same by the size of its INT8 file.")
    ] = None,
    charset: Charset = None,
    channels: Annotated[str | None, typer.Option(metavar="L|RGB|BGR", help="Colours that the student sees.")] = None,
    epochs: Epochs = 15,
    batch_size: BatchSize = 24,
    learning_rate: LearningRate = 2.5e-3,
    augmentation: Augment = 1.0,
    labels: Annotated[bool, typer.Option("--labels/--no-labels", help="Read the labels of --data.")] = True,
    confidence: Annotated[
        float, typer.Option(help="How sure the first teacher must be of readings that stand for labels.")
    ] = 0.9,
    loss: Losses = None,
    beam_width: Annotated[int | None, typer.Option(help="Of the teachers' readings; default: greedy.")] = None,
    warm_start: WarmStart = None,
    qat: Annotated[int, typer.Option(metavar="EPOCHS", help="Go on so long with the rounding of INT8.")] = 0,
    soup: Soup = 1,
    early_stop: EarlyStop = None,
    precision: Precision = "auto",
    log: Log = None,
    seed: Seed = 0,
    skip_bad: SkipBad = False,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Train a small MobileNet-GRU student on the readings of teachers and, where there are any, on labels.

    Losses for lines: ctc and dctc (labels), frame-kl, pseudo-labels and features (teachers);
    for classes: cross-entropy (labels), hinton-kd, dist, dkd and features (teachers).

    Without labels the teachers alone teach; beside labelled images, readings of the first stand for missing labels.

    Ctrl-C keeps the state: the same command again goes on where it was. Under torchrun, processes share the work.

    \b
    Examples:
      crnn-deploy distill teacher.onnx --data train.tar -o student.safetensors
      crnn-deploy distill teacher.onnx --data photos --width 0.5 -o small.safetensors
      crnn-deploy distill teacher.onnx --data train.tar \\
        --student mobilenet-v4-gru:layers=2,residual=true -o deep.safetensors
      crnn-deploy distill a.onnx b.onnx --data photos --no-labels -o c.safetensors
      crnn-deploy distill a.onnx --data photos --no-labels \\
        --extra rendered.tar --loss ctc -o read.safetensors
      crnn-deploy distill a.onnx --data train.tar --loss ctc \\
        --loss frame-kl:until=0.3 --qat 2 -o student.safetensors
      torchrun --nproc-per-node 4 -m crnn_deploy distill teacher.onnx \\
        --data train.tar -o student.safetensors
    """
    from crnn_deploy.training.config import DistillConfig
    from crnn_deploy.training.distill import distill as distill_student

    with RichProgress() as progress:
        sizes = {"width": width, "hidden": hidden, "layers": layers, "stride": stride}
        given = {
            **{"teachers": teachers, "data": data, "extra": extra, "validation": val, "output": output, "force": force},
            **{"student": with_settings("--student", student, "family", sizes)},
            **{"budget_ms": budget_ms, "budget_mb": budget_mb, "charset": charset, "channels": channels},
            **{"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate},
            **{"augmentation": augmentation},
            **{"labels": labels, "confidence": confidence, "losses": loss or (), "beam_width": beam_width},
            **{"warm_start": warm_start, "soup": soup, "qat": {"epochs": qat} if qat else None, "seed": seed},
            **{"early_stop": early_stop, "precision": precision, "log": log or (), "skip_bad": skip_bad},
        }
        artifact = distill_student(as_config(DistillConfig, given), progress)
    show_artifact(artifact, as_json)
